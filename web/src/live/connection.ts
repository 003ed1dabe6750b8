// One WebSocket a tab. It subscribes to projects, resumes each after its last sequence number, and says how it stands.
import { isRefusal, refreshSession } from "@/api/client";
import { count, field, readEvent, text, type ProjectEvent } from "@/api/shapes";

/**
 * `off`: nobody asked for anything yet. `connecting`: the first time. `live`: what is shown is what is. `partly`: more is shown than the
 * server tells one connection of. `lost`: tries again, and what is shown may be old. `offline`: the device has no network.
 */
export type Standing = "off" | "connecting" | "live" | "partly" | "lost" | "offline";

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
  /** The session is over: only a sign-in helps. */
  ended(): void;
  /** After a connection was lost: what has no sequence number has to be asked for again. */
  resumed(): void;
}

const PING_MS = 15_000;
/** A ping that is not answered for so long was sent to nobody: a server that hangs keeps its connections. */
const ANSWER_MS_MAX = 8_000;
/** The same for the question whether the session still is. */
const ASK_MS_MAX = 10_000;
/** After so long a refused subscription is asked for again. */
const ASK_AGAIN_MS = 30_000;
/** Refusals that more waiting does not change. */
const FINAL = new Set(["not_found", "forbidden"]);
/** Without a word for so long the connection counts as lost, whatever the browser says. */
const SILENCE_MS_MAX = 45_000;
/** The server's word for "your session has ended" when it closes. */
const CLOSED_UNAUTHORIZED = 4401;
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
  private againTimer: number | undefined;
  private answerTimer: number | undefined;
  /** Raised with everything that ends an attempt to connect: what was begun before it counts no more. */
  private round = 0;
  /** Wanted, and not told of at present. */
  private readonly untold = new Set<string>();
  private readonly wanted = new Map<string, { holders: number; after: number }>();
  /** The last event that came in of each project. */
  private readonly heard = new Map<string, number>();
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

  readonly standing = (): Standing => (this.state === "live" && this.untold.size > 0 ? "partly" : this.state);

  /** Since when what is shown may be old, in milliseconds since 1970; null where nobody knows: a page that was never live may show something older. */
  readonly lostSince = (): number | null => (this.everLive ? this.lostAt : null);

  start(): void {
    if (this.state === "off") this.connect();
  }

  /** Ends for good: after signing out. */
  stop(): void {
    this.wanted.clear();
    this.untold.clear();
    this.heard.clear();
    this.close();
    this.everLive = false;
    this.say("off");
  }

  /** Hears of a project until the returned function is called. `after`: the last event that the reader knows of. */
  follow(projectId: string, after: number): () => void {
    const held = this.wanted.get(projectId);
    if (held === undefined) {
      // What came in before is not told again.
      this.wanted.set(projectId, { holders: 1, after: Math.max(after, this.heard.get(projectId) ?? 0) });
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
    this.told(projectId);
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
      this.refuse(text(field(frame, "project_id")), text(field(frame, "code")));
    } else if (name === "subscribed") {
      this.told(text(field(frame, "project_id")) ?? "");
    } else {
      const event = readEvent(frame);
      if (event !== null) this.take(event);
    }
  }

  private take(event: ProjectEvent): void {
    const held = this.wanted.get(event.projectId);
    if (held === undefined || event.sequence <= held.after) return;
    held.after = event.sequence;
    this.heard.set(event.projectId, event.sequence);
    this.hearers.event(event);
  }

  /** A refusal for good is forgotten; one by a limit is asked for again, and what is shown is not called live meanwhile. */
  private refuse(projectId: string | null, code: string | null): void {
    if (projectId === null || code === null) return;
    if (FINAL.has(code)) {
      this.wanted.delete(projectId);
      this.told(projectId);
    } else if (this.wanted.has(projectId)) {
      this.untold.add(projectId);
      this.tell();
      window.clearTimeout(this.againTimer);
      this.againTimer = window.setTimeout(() => this.untold.forEach((id) => this.ask(id)), ASK_AGAIN_MS);
    }
    this.hearers.refused(projectId);
  }

  private told(projectId: string): void {
    if (this.untold.delete(projectId)) this.tell();
  }

  private welcome(): void {
    const again = this.everLive;
    this.tries = 0;
    this.everLive = true;
    this.untold.clear();
    this.say("live");
    for (const projectId of this.wanted.keys()) this.ask(projectId);
    window.clearInterval(this.pingTimer);
    this.pingTimer = window.setInterval(() => {
      if (this.isSilent()) this.lose(0);
      else this.probe();
    }, PING_MS);
    if (again) this.hearers.resumed();
  }

  /** Asks the server whether it is there; without an answer the connection counts as lost. */
  probe(): void {
    // Who is asked already is not given more time.
    if (this.state !== "live" || this.answerTimer !== undefined) return;
    const asked = Date.now();
    this.send({ type: "ping" });
    this.answerTimer = window.setTimeout(() => {
      this.answerTimer = undefined;
      if (this.heardAt < asked) this.lose(0);
    }, ANSWER_MS_MAX);
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
    const round = this.round;
    let isOver = false;
    try {
      const response = await fetch("/api/v1/auth/me", { signal: AbortSignal.timeout(ASK_MS_MAX) });
      if (response.status === 401 || code === CLOSED_UNAUTHORIZED) isOver = (await refreshSession(begun)) === "ended";
      else if (!response.ok && !isRefusal(response.status)) throw new Error(`${response.status}`);
    } catch {
      if (round === this.round) this.lose(0);
      return;
    }
    if (round !== this.round) return;
    if (isOver) this.hearers.ended();
    else this.connect();
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
    this.round += 1;
    window.clearTimeout(this.againTimer);
    window.clearTimeout(this.retryTimer);
    window.clearInterval(this.pingTimer);
    window.clearTimeout(this.answerTimer);
    this.answerTimer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private say(state: Standing): void {
    if (state === "lost" || state === "offline") this.lostAt ??= Date.now();
    else this.lostAt = null;
    if (this.state === state) return;
    this.state = state;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
