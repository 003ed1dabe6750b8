// Other pages of this browser hear what was changed from here: a change that no event tells of is seen there too.
const CHANNEL = "groundwork-changes";
let channel: BroadcastChannel | undefined;

const open = (): BroadcastChannel => (channel ??= new BroadcastChannel(CHANNEL));

/** `path`: where the change was sent. */
export const tellOtherPages = (path: string): void => open().postMessage(path);

export function hearOtherPages(listener: (path: string) => void): () => void {
  const hear = ({ data }: MessageEvent<unknown>) => typeof data === "string" && listener(data);
  open().addEventListener("message", hear);
  return () => open().removeEventListener("message", hear);
}
