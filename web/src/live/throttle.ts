/** Runs each job soon after it is asked for, and the same job at most once in its time: however much happens, little is asked for. */
export class Throttle {
  private readonly ranAt = new Map<string, number>();
  private readonly timers = new Map<string, number>();
  private readonly soonMs: number;

  /** `soonMs`: so long is waited for what comes together. */
  constructor(soonMs: number) {
    this.soonMs = soonMs;
  }

  /** `everyMs`: the shortest time between two runs of what has this name. */
  run(name: string, everyMs: number, job: () => void): void {
    if (this.timers.has(name)) return;
    const wait = Math.max(this.soonMs, (this.ranAt.get(name) ?? Number.NEGATIVE_INFINITY) + everyMs - Date.now());
    this.timers.set(
      name,
      window.setTimeout(() => {
        this.timers.delete(name);
        this.ranAt.set(name, Date.now());
        job();
      }, wait),
    );
  }
}
