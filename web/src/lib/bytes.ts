/** Bytes of UTF-8. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
/** What an idea may have at most, in bytes. */
export const IDEA_BYTES_MAX = 64 * 1024;
