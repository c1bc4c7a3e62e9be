/** Time that passes when a test says so. */

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualTime {
  /** Milliseconds since it began. */
  now = 0;
  private timers: Timer[] = [];
  private order = 0;

  /** How many timers run. */
  get timerCount(): number {
    return this.timers.length;
  }

  /** Calls `run` once `at` has come. Returns how to cancel it. */
  set(at: number, run: () => void): () => void {
    this.order += 1;
    const timer: Timer = { at: Math.max(at, this.now), order: this.order, run };
    let place = this.timers.length;
    while (place > 0 && (this.timers[place - 1] as Timer).at > timer.at) place -= 1;
    this.timers.splice(place, 0, timer);
    return () => {
      const found = this.timers.indexOf(timer);
      if (found >= 0) this.timers.splice(found, 1);
    };
  }

  /** Lets time pass: every timer in it fires in order, and what it starts is done before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await settled();
    while (await this.step(end));
    this.now = end;
  }

  /**
   * Lets time pass until a condition holds.
   *
   * @throws Error if it does not within `limitMs` of virtual time, or if nothing happens any more.
   */
  async until(holds: () => boolean, limitMs = 600_000): Promise<void> {
    const end = this.now + limitMs;
    await settled();
    while (!holds()) {
      if (!(await this.step(end)))
        throw new Error(`virtual time: it did not happen within ${limitMs} ms: ${holds}`);
    }
  }

  /** Moves the clock without a timer firing, as a machine that sleeps does; they fire afterwards. */
  skip(ms: number): void {
    this.now += ms;
  }

  private async step(end: number): Promise<boolean> {
    const next = this.timers[0];
    if (next === undefined || next.at > end) return false;
    this.timers.shift();
    this.now = Math.max(this.now, next.at);
    next.run();
    await settled();
    return true;
  }
}

/** Resolves once all promises that can go on have gone on. No time passes. */
export function settled(): Promise<void> {
  if (IMMEDIATE !== undefined) return new Promise((resolve) => void IMMEDIATE(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Kept from before a test replaces timers by its own. */
const IMMEDIATE = (globalThis as { setImmediate?: (run: () => void) => unknown }).setImmediate;
