// One WebSocket a tab. It subscribes to projects, resumes each after its last sequence number, and says how it stands.
import { refreshSession } from "@/api/client";
import { count, field, readEvent, text, type ProjectEvent } from "@/api/shapes";

/**
 * `off`: nobody asked for anything yet. `connecting`: the first time. `live`: what is shown is what is. `lost`: tries again, and what
 * is shown may be old. `offline`: the device has no network.
 */
export type Standing = "off" | "connecting" | "live" | "lost" | "offline";

export interface Delta {
  projectId: string;
  stage: string;
  attempt: number;
  /** Bytes of UTF-8 of the whole text that come before this piece. */
  offset: number;
  text: string;
}

export interface Hearers {
  event(event: ProjectEvent): void;
  delta(delta: Delta): void;
  refused(projectId: string): void;
  /** After a connection was lost: what has no sequence number has to be asked for again. */
  resumed(): void;
}

const PING_MS = 20_000;
/** Without a word for so long the connection counts as lost, whatever the browser says. */
const SILENCE_MS_MAX = 45_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

export function retryDelay(tries: number, random: number): number {
  const base = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 15_000;
  // Clients that lost the same server shall not come back all at once.
  return Math.round(base * (0.75 + random * 0.5));
}

/** Reads a frame; null for what is neither an event nor a piece of a text. */
export function readDelta(frame: unknown): Delta | null {
  const projectId = text(field(frame, "project_id"));
  const stage = text(field(frame, "stage"));
  const attempt = count(field(frame, "attempt"));
  const offset = count(field(frame, "offset"));
  const piece = text(field(frame, "text"));
  if (projectId === null || stage === null || attempt === null || offset === null || piece === null) return null;
  return { projectId, stage, attempt, offset, text: piece };
}

export class LiveConnection {
  private socket: WebSocket | null = null;
  private state: Standing = "off";
  private lostAt: number | null = null;
  private tries = 0;
  private heardAt = 0;
  private everLive = false;
  private retryTimer: number | undefined;
  private pingTimer: number | undefined;
  private readonly wanted = new Map<string, { holders: number; after: number }>();
  private readonly listeners = new Set<() => void>();

  private readonly hearers: Hearers;

  constructor(hearers: Hearers) {
    this.hearers = hearers;
    window.addEventListener("online", () => this.reviveNow());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.isSilent()) this.reviveNow();
    });
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly standing = (): Standing => this.state;

  /** Since when what is shown may be old, in milliseconds since 1970. */
  readonly lostSince = (): number | null => this.lostAt;

  start(): void {
    if (this.state === "off") this.connect();
  }

  /** Ends for good: after signing out. */
  stop(): void {
    this.wanted.clear();
    this.close();
    this.everLive = false;
    this.say("off");
  }

  /** Hears of a project until the returned function is called. `after`: the last event that the reader knows of. */
  follow(projectId: string, after: number): () => void {
    const held = this.wanted.get(projectId);
    if (held === undefined) {
      this.wanted.set(projectId, { holders: 1, after });
      this.ask(projectId);
    } else {
      held.holders += 1;
    }
    this.start();
    return () => this.unfollow(projectId);
  }

  private unfollow(projectId: string): void {
    const held = this.wanted.get(projectId);
    if (held === undefined) return;
    held.holders -= 1;
    if (held.holders > 0) return;
    this.wanted.delete(projectId);
    this.send({ type: "unsubscribe", project_id: projectId });
  }

  private ask(projectId: string): void {
    const held = this.wanted.get(projectId);
    if (held !== undefined) this.send({ type: "subscribe", project_id: projectId, after: held.after });
  }

  private send(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private connect(): void {
    this.close();
    if (!navigator.onLine) {
      this.say("offline");
      return;
    }
    this.say(this.everLive ? "lost" : "connecting");
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/ws`, "groundwork");
    this.socket = socket;
    socket.onmessage = (message) => this.hear(String(message.data));
    socket.onclose = (closing) => {
      if (this.socket === socket) this.lose(closing.code);
    };
  }

  private hear(data: string): void {
    this.heardAt = Date.now();
    let frame: unknown;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    const name = text(field(frame, "event"));
    if (name === "authenticated") this.welcome();
    else if (name === "delta") {
      const delta = readDelta(frame);
      if (delta !== null) this.hearers.delta(delta);
    } else if (name === "subscription_refused" || name === "unsubscribed") {
      this.refuse(text(field(frame, "project_id")), field(frame, "code") !== undefined);
    } else {
      const event = readEvent(frame);
      if (event !== null) this.take(event);
    }
  }

  private take(event: ProjectEvent): void {
    const held = this.wanted.get(event.projectId);
    if (held === undefined || event.sequence <= held.after) return;
    held.after = event.sequence;
    this.hearers.event(event);
  }

  private refuse(projectId: string | null, isRefusal: boolean): void {
    if (projectId === null || !isRefusal) return;
    this.wanted.delete(projectId);
    this.hearers.refused(projectId);
  }

  private welcome(): void {
    const again = this.everLive;
    this.tries = 0;
    this.everLive = true;
    this.say("live");
    for (const projectId of this.wanted.keys()) this.ask(projectId);
    window.clearInterval(this.pingTimer);
    this.pingTimer = window.setInterval(() => {
      if (this.isSilent()) this.lose(0);
      else this.send({ type: "ping" });
    }, PING_MS);
    if (again) this.hearers.resumed();
  }

  private isSilent(): boolean {
    return this.state !== "off" && Date.now() - this.heardAt > SILENCE_MS_MAX;
  }

  private lose(code: number): void {
    this.close();
    if (this.state === "off") return;
    if (!navigator.onLine) {
      this.say("offline");
      return;
    }
    this.say(this.everLive ? "lost" : "connecting");
    const delay = retryDelay(this.tries, Math.random());
    this.tries += 1;
    this.retryTimer = window.setTimeout(() => void this.retry(code), delay);
  }

  /** A refused upgrade does not say why: the session's end looks like a server that is away, so the session is asked for. */
  private async retry(code: number): Promise<void> {
    const begun = Date.now();
    try {
      const response = await fetch("/api/v1/auth/me");
      if (response.status === 401 || code === 4401) await refreshSession(begun);
    } catch {
      this.lose(0);
      return;
    }
    this.connect();
  }

  private reviveNow(): void {
    if (this.state === "off") return;
    this.tries = 0;
    window.clearTimeout(this.retryTimer);
    this.close();
    void this.retry(0);
  }

  private drop(): void {
    if (this.state === "off") return;
    this.close();
    this.say("offline");
  }

  private close(): void {
    window.clearTimeout(this.retryTimer);
    window.clearInterval(this.pingTimer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private say(state: Standing): void {
    if (state === "lost" || state === "offline") this.lostAt ??= Date.now();
    else this.lostAt = null;
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
