// Which files go along with an idea in one request, so that agents begin with them; larger ones follow when the project has begun.

/** Bytes of all of them together: a request has at most 10 MiB, and Base64 makes three bytes four. */
const ALONG_BYTES_MAX = 6_000_000;
const ALONG_FILES_MAX = 20;

interface Sized {
  file: { size: number };
}

/** The first ones that fit, in their order, and the others. */
export function fitting<T extends Sized>(files: readonly T[]): { along: T[]; later: T[] } {
  const [along, later]: [T[], T[]] = [[], []];
  let bytes = 0;
  for (const one of files) {
    const fits = along.length < ALONG_FILES_MAX && bytes + one.file.size <= ALONG_BYTES_MAX;
    (fits ? along : later).push(one);
    if (fits) bytes += one.file.size;
  }
  return { along, later };
}

/** Its bytes, as JSON can hold them. */
export function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(file);
  });
}
