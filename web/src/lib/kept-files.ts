// Files that are still to be sent, on this device: a page that is loaded again has them still.

/** A file, whom it is for, and the key that makes it one file however often it is sent. */
export interface KeptFile {
  key: string;
  /** A project, or a draft of one. */
  owner: string;
  file: File;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Shelf {
  all(): Promise<KeptFile[]>;
  put(file: KeptFile): Promise<void>;
  remove(key: string): Promise<void>;
  clear(): Promise<void>;
}

const NAME = "gw-files";
const STORE = "files";

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

const store = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => (await open()).transaction(STORE, mode).objectStore(STORE);

/** The browser's own database. */
export const deviceShelf: Shelf = {
  all: async () => done<KeptFile[]>((await store("readonly")).getAll()),
  put: async (file) => void (await done((await store("readwrite")).put(file))),
  remove: async (key) => void (await done((await store("readwrite")).delete(key))),
  clear: async () => void (await done((await store("readwrite")).clear())),
};

const forgetting = new Set<() => void>();
/** What holds files in memory forgets them too. */
export const onForgetFiles = (listener: () => void): void => void forgetting.add(listener);

/** After signing out: files are of the person who chose them. */
export function forgetFiles(): void {
  for (const listener of forgetting) listener();
  // Where nothing was ever kept nothing is opened.
  if (typeof indexedDB !== "undefined") deviceShelf.clear().catch(() => undefined);
}
