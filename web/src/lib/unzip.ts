// Reads what our own server packs: archives without encryption, stored or deflated, of less than 4 GB.

export interface ZipEntry {
  path: string;
  /** Bytes when unpacked. */
  bytes: number;
  text(): Promise<string>;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;

/** The files of an archive; throws where it is none. */
export function entriesOf(archive: ArrayBuffer): ZipEntry[] {
  const view = new DataView(archive);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  const entries: ZipEntry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index += 1) {
    if (view.getUint32(at, true) !== CENTRAL) throw new Error("the archive's list of files is broken");
    const method = view.getUint16(at + 10, true);
    const packed = view.getUint32(at + 20, true);
    const bytes = view.getUint32(at + 24, true);
    const nameBytes = view.getUint16(at + 28, true);
    const header = view.getUint32(at + 42, true);
    const path = new TextDecoder().decode(new Uint8Array(archive, at + 46, nameBytes));
    if (!path.endsWith("/")) entries.push({ path, bytes, text: () => unpack(archive, header, method, packed) });
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Where the end record begins: behind it there may be a comment. */
function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = view.byteLength - END_BYTES; at >= first; at -= 1) if (view.getUint32(at, true) === END) return at;
  throw new Error("this is no archive");
}

async function unpack(archive: ArrayBuffer, header: number, method: number, packed: number): Promise<string> {
  const view = new DataView(archive);
  const from = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const bytes = new Uint8Array(archive, from, packed);
  if (method === STORED) return new TextDecoder().decode(bytes);
  if (method !== DEFLATED) throw new Error(`files packed by method ${method} cannot be read here`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}
