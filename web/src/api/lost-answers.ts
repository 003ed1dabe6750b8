// Commands whose answer was lost: who asks for the same once more asks with the same key, so that nothing is done twice.

/** After so long the same words are meant as new ones, in milliseconds. */
const KEPT_MS = 5 * 60_000;

interface Lost {
  key: string;
  at: number;
}

/** Keys of requests that ended without an answer, by what was asked. */
export class LostAnswers {
  private readonly wishes = new WeakMap<Request, { wish: string; key: string }>();
  private readonly known = new Map<string, Lost>();

  /** The key for a request: that of an equal one whose answer was lost, else a fresh one. */
  keyFor(request: Request, wish: string, now = Date.now()): string {
    const lost = this.known.get(wish);
    // Taken out: two equal requests under way at once are two.
    this.known.delete(wish);
    const key = lost !== undefined && now - lost.at < KEPT_MS ? lost.key : crypto.randomUUID();
    this.wishes.set(request, { wish, key });
    return key;
  }

  /** Nobody knows whether it was done. */
  keep(request: Request, now = Date.now()): void {
    const asked = this.wishes.get(request);
    if (asked !== undefined) this.known.set(asked.wish, { key: asked.key, at: now });
  }
}
