/** What the AI worker does, with an end for what never ends. */

import type { Platform } from '../api.js';
import type { Frame } from '../conversation/place.js';

/** What the AI worker can be busy with. */
export type Busy = 'thinking' | 'extracting' | 'summaryGenerating';

/** A flag was cleared, though the worker did not say so. */
export type Cleared = (cause: 'stale' | 'connection_lost', flags: readonly Busy[]) => void;

export interface FlagTimeouts {
  readonly thinkingMs: number;
  readonly extractingMs: number;
}

export class StatusFlags {
  readonly #flags: Record<Busy, boolean> = { thinking: false, extracting: false, summaryGenerating: false };
  readonly #timers = new Map<Busy, () => void>();
  /** Statuses up to these versions were taken for stuck; told again, they do not begin anew. */
  readonly #stale = new Map<Busy, number>();
  readonly #clock: Pick<Platform, 'now' | 'setTimer'>;
  readonly #timeouts: FlagTimeouts;
  readonly #cleared: Cleared;
  #version = 0;

  constructor(clock: Pick<Platform, 'now' | 'setTimer'>, timeouts: FlagTimeouts, cleared: Cleared) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#cleared = cleared;
  }

  is(flag: Busy): boolean {
    return this.#flags[flag];
  }

  /**
   * Takes a status in. Returns whether it has news: an event that was not told before (`new`), a flag that is right again
   * after it had been cleared (`restored`), or nothing.
   */
  take(frame: Frame): 'new' | 'restored' | undefined {
    const { version } = frame;
    const isNew = typeof version !== 'number' || version > this.#version;
    if (typeof version === 'number') {
      this.#version = Math.max(this.#version, version);
    }
    let changed = false;
    for (const [flag, value] of Object.entries(after(frame)) as [Busy, boolean][]) {
      if (value && !isNew && (this.#stale.get(flag) ?? -1) >= (version as number)) {
        continue;
      }
      changed ||= this.#flags[flag] !== value;
      this.#set(flag, value, isNew);
    }
    return isNew ? 'new' : changed ? 'restored' : undefined;
  }

  /** The connection is lost: nothing is known any more. */
  lose(): void {
    this.#clear('connection_lost', BUSY.filter((flag) => this.#flags[flag]));
  }

  /** Another conversation: what was is not ours any more. */
  reset(): void {
    for (const flag of BUSY) {
      this.#set(flag, false, true);
    }
    this.#version = 0;
    this.#stale.clear();
  }

  #set(flag: Busy, value: boolean, restart: boolean): void {
    const goesOn = value && this.#flags[flag] && !restart;
    this.#flags[flag] = value;
    if (goesOn) {
      return;
    }
    this.#timers.get(flag)?.();
    this.#timers.delete(flag);
    const timeoutMs = this.#timeout(flag);
    if (value && timeoutMs !== undefined) {
      const stop = this.#clock.setTimer(this.#clock.now() + timeoutMs, () => {
        this.#stale.set(flag, this.#version);
        this.#clear('stale', [flag]);
      });
      this.#timers.set(flag, stop);
    }
  }

  #timeout(flag: Busy): number | undefined {
    const { thinkingMs, extractingMs } = this.#timeouts;
    return flag === 'thinking' ? thinkingMs : flag === 'extracting' ? extractingMs : undefined;
  }

  #clear(cause: 'stale' | 'connection_lost', flags: readonly Busy[]): void {
    for (const flag of flags) {
      this.#set(flag, false, true);
    }
    if (flags.length > 0) {
      this.#cleared(cause, flags);
    }
  }
}

/** The flags after a status: as the server says (ours does), else as follows from the event alone. */
function after(frame: Frame): Partial<Record<Busy, boolean>> {
  const { thinking, extracting, summary_generating: summaryGenerating } = frame;
  if (typeof thinking === 'boolean' && typeof extracting === 'boolean' && typeof summaryGenerating === 'boolean') {
    return { thinking, extracting, summaryGenerating };
  }
  switch (frame['type']) {
    case 'thinking_start':
      return { thinking: true };
    case 'thinking_end':
      return { thinking: false };
    case 'extraction_start':
      return { extracting: true };
    case 'extraction_complete':
      return frame['summary_triggered'] === true ? { extracting: false, summaryGenerating: true } : { extracting: false };
    case 'summary_complete':
      return { summaryGenerating: false };
    default:
      return {};
  }
}

const BUSY: readonly Busy[] = ['thinking', 'extracting', 'summaryGenerating'];
