// Files on their way to a project. They wait on this device until the server has them: while there is no project yet, while
// the network is away, over a reload. Each is sent with one key, so that none arrives twice.
import { useSyncExternalStore } from "react";
import { type KeptFile, type Shelf } from "@/lib/kept-files";

export interface WaitingFile extends KeptFile {
  state: "waiting" | "sending" | "failed";
  /** Of what was sent so far, 0 to 1. */
  share: number;
  error: unknown;
}

interface Course {
  send(project: string, file: File, key: string, onShare: (share: number) => void): Promise<void>;
  onSent(project: string): void;
  onFailed(file: WaitingFile): void;
}

/** Of drafts that nobody came back to, in milliseconds. */
const KEPT_MS = 24 * 60 * 60_000;
const NONE: readonly WaitingFile[] = [];
const DRAFT = "draft/";
export const draftOwner = (id: string): string => `${DRAFT}${id}`;

export class WaitingFiles {
  private files: readonly WaitingFile[] = NONE;
  private readonly byOwner = new Map<string, readonly WaitingFile[]>();
  private readonly listeners = new Set<() => void>();
  private readonly busy = new Set<string>();
  private loaded: Promise<void> | undefined;
  /** Raised when everything is forgotten: what was being read then is nobody's any more. */
  private era = 0;

  constructor(
    private readonly shelf: Shelf,
    private readonly course: Course,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** In the order in which they were chosen; the same array until something changes. */
  of(owner: string): readonly WaitingFile[] {
    let files = this.byOwner.get(owner);
    if (files === undefined) {
      files = this.files.filter((file) => file.owner === owner);
      this.byOwner.set(owner, files.length === 0 ? NONE : files);
    }
    return files.length === 0 ? NONE : files;
  }

  /** What an earlier page left. */
  load(now = Date.now()): Promise<void> {
    this.loaded ??= this.read(now);
    return this.loaded;
  }

  add(owner: string, files: readonly File[], now = Date.now()): void {
    const fresh = files.map((file): WaitingFile => ({ key: crypto.randomUUID(), owner, file, at: now, state: "waiting", share: 0, error: null }));
    this.set([...this.files, ...fresh]);
    for (const file of fresh) this.keep(file);
  }

  remove(key: string): void {
    this.set(this.files.filter((file) => file.key !== key));
    this.quietly(this.shelf.remove(key));
  }

  /** What waited for a project to begin goes to it. */
  async hand(draft: string, project: string): Promise<void> {
    await this.load();
    const moved = this.of(draft).map((file) => ({ ...file, owner: project }));
    for (const file of moved) this.keep(file);
    this.set(this.files.map((file) => moved.find((one) => one.key === file.key) ?? file));
    void this.send(project);
  }

  /** Sends what waits for a project, one after the other. What failed is left for `retry`. */
  async send(project: string): Promise<void> {
    await this.load();
    if (this.busy.has(project)) return;
    this.busy.add(project);
    try {
      for (;;) {
        const next = this.of(project).find((file) => file.state === "waiting");
        if (next === undefined) return;
        await this.sendOne(project, next);
      }
    } finally {
      this.busy.delete(project);
    }
  }

  retry({ key, owner }: WaitingFile): void {
    this.change(key, { state: "waiting", error: null });
    void this.send(owner);
  }

  /** After signing out. */
  forget(): void {
    this.era += 1;
    this.set(NONE);
    this.quietly(this.shelf.clear());
  }

  private async sendOne(project: string, { key, file }: WaitingFile): Promise<void> {
    this.change(key, { state: "sending", share: 0 });
    try {
      await this.course.send(project, file, key, (share) => this.change(key, { share }));
      // Removed meanwhile, or forgotten: then nothing is left to be told.
      this.remove(key);
      this.course.onSent(project);
    } catch (error) {
      this.change(key, { state: "failed", error });
      const failed = this.files.find((one) => one.key === key);
      if (failed !== undefined) this.course.onFailed(failed);
    }
  }

  private async read(now: number): Promise<void> {
    const begun = this.era;
    const kept = await this.shelf.all().catch(() => []);
    if (begun !== this.era) return;
    const known = new Set(this.files.map((file) => file.key));
    const fresh: WaitingFile[] = [];
    for (const file of kept.sort((a, b) => a.at - b.at)) {
      if (known.has(file.key)) continue;
      if (file.owner.startsWith(DRAFT) && now - file.at > KEPT_MS) this.quietly(this.shelf.remove(file.key));
      else fresh.push({ ...file, state: "waiting", share: 0, error: null });
    }
    if (fresh.length > 0) this.set([...fresh, ...this.files]);
  }

  private keep({ key, owner, file, at }: KeptFile): void {
    this.quietly(this.shelf.put({ key, owner, file, at }));
  }

  private change(key: string, to: Partial<WaitingFile>): void {
    this.set(this.files.map((file) => (file.key === key ? { ...file, ...to } : file)));
  }

  private set(files: readonly WaitingFile[]): void {
    this.files = files;
    this.byOwner.clear();
    for (const listener of this.listeners) listener();
  }

  /** A browser that keeps nothing still sends: only a reload loses what was chosen. */
  private quietly(write: Promise<void>): void {
    write.catch(() => undefined);
  }
}

export function useWaitingFiles(files: WaitingFiles, owner: string): readonly WaitingFile[] {
  return useSyncExternalStore(files.subscribe, () => files.of(owner));
}
