/** What the panel shows: everything that a client tells, kept for a while. */

import type { Client, ClientEvents, ConnectionError } from '../../../src/api.js';
import type { ConnectionInfo } from '../../../src/engine/types.js';
import { type Count, Ledger } from './ledger.js';
import { entered, type Sample, type Stretch, sampled } from './timeline.js';

/** How a line of the log is meant. */
export type Tone = 'good' | 'bad' | 'plain' | 'done';

/** A line of the log. */
export interface Entry {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tone: Tone;
  readonly text: string;
}

/** Replaced as a whole when something in it changed. */
export interface WatchSnapshot {
  readonly strip: readonly Stretch[];
  readonly samples: readonly Sample[];
  readonly entries: readonly Entry[];
  readonly count: Count;
  readonly info: ConnectionInfo;
}

/** Follows a client. */
export class Watch {
  readonly ledger = new Ledger();
  readonly #client: Client;
  readonly #now: () => number;
  readonly #watchers = new Set<() => void>();
  readonly #stop: (() => void)[] = [];
  #strip: readonly Stretch[];
  #samples: readonly Sample[] = [];
  #entries: readonly Entry[] = [];
  #ids = 0;
  #snapshot: WatchSnapshot;

  constructor(client: Client, now: () => number = () => Date.now()) {
    this.#client = client;
    this.#now = now;
    this.#strip = entered([], client.state, now());
    this.#snapshot = this.#look();
    this.#listen();
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly getSnapshot = (): WatchSnapshot => this.#snapshot;

  /** Looks at the client's figures again, which change without an event. */
  refresh(): void {
    this.#snapshot = this.#look();
    for (const watcher of this.#watchers) watcher();
  }

  /** Adds a line to the log: what the page's own buttons do. */
  note(tone: Tone, text: string): void {
    this.#ids += 1;
    const entry = { id: this.#ids, at: this.#now(), tone, text };
    this.#entries = [entry, ...this.#entries].slice(0, ENTRIES_MAX);
    this.refresh();
  }

  close(): void {
    for (const stop of this.#stop.splice(0)) stop();
  }

  #listen(): void {
    this.#on('statechange', ({ to }) => {
      this.#strip = entered(this.#strip, to, this.#now());
      this.refresh();
    });
    this.#on('healthcheck', ({ latencyMs }) => {
      this.#samples = sampled(this.#samples, { at: this.#now(), latencyMs });
      this.refresh();
    });
    for (const type of Object.keys(WORDS) as (keyof typeof WORDS)[]) {
      this.#on(type, (detail) => {
        const say = WORDS[type] as (detail: unknown) => readonly [Tone, string];
        this.note(...say(detail));
      });
    }
  }

  #on<K extends keyof ClientEvents>(type: K, run: (detail: ClientEvents[K]) => void): void {
    const listener = (event: CustomEvent<ClientEvents[K]>) => run(event.detail);
    this.#client.addEventListener(type, listener);
    this.#stop.push(() => this.#client.removeEventListener(type, listener));
  }

  #look(): WatchSnapshot {
    return Object.freeze({
      strip: this.#strip,
      samples: this.#samples,
      entries: this.#entries,
      count: this.ledger.count,
      info: this.#client.info(),
    });
  }
}

type Words = { readonly [K in keyof ClientEvents]?: (detail: ClientEvents[K]) => readonly [Tone, string] };

const WORDS = {
  connected: ({ guarantee }) => ['good', `Connected; delivery ${GUARANTEES[guarantee]}`],
  disconnected: ({ error, uptimeMs }) => ['bad', `Lost after ${seconds(uptimeMs)}: ${why(error)}`],
  reconnecting: ({ attempt, delayMs }) => ['plain', `Attempt ${attempt} in ${seconds(delayMs)}`],
  attemptfailed: ({ attempt, error }) => [
    'bad',
    `${attempt === 0 ? 'First attempt' : `Attempt ${attempt}`} failed: ${why(error)}`,
  ],
  reconnected: ({ attempts, downtimeMs }) => [
    'good',
    `Back after ${seconds(downtimeMs)} and ${plural(attempts, 'attempt')}`,
  ],
  reconnectfailed: ({ attempts }) => ['bad', `Gave up after ${plural(attempts, 'attempt')}`],
  qualitychange: ({ to }) => ['plain', `Quality is now ${to}`],
  dropped: ({ reason }) => ['bad', `A message was dropped: ${reason}`],
  gap: ({ channel, from, to, cause }) => ['bad', `${channel}: ${from}–${to} will not come (${cause})`],
  away: ({ slotMs }) => ['plain', `The server asks to move within ${seconds(slotMs)}`],
  moved: () => ['good', 'Moved to a new connection without a gap'],
  error: ({ where, error }) => ['bad', `${PLACES[where] ?? where}: ${messageOf(error)}`],
} satisfies Words;

/** What went wrong where, for people. */
const PLACES: Readonly<Record<string, string>> = {
  outbox: 'Not kept on this device, and only sent while this page stays open',
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function why(error: ConnectionError): string {
  const cause = CAUSES[error.cause] ?? error.cause;
  return error.code === undefined ? cause : `${cause} (${error.code})`;
}

/** The engine's causes that one meets here, in words; any other stands by its name. */
const CAUSES: Readonly<Record<string, string>> = {
  closed: 'closed by the server',
  connectTimedOut: 'no answer in time',
  dialTimedOut: 'no answer in time',
  endedAbruptly: 'it broke off',
  forcedByUser: 'as you wished',
  greetingTimedOut: 'no greeting in time',
  heartbeatTimedOut: 'a heartbeat was not answered',
  refused: 'refused',
  reset: 'it was reset',
  unreachable: 'the server cannot be reached',
  writeTimedOut: 'nothing was taken any more',
};

/** Says a time for people. */
export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** What is promised, in words. */
export const GUARANTEES = {
  exactlyOnce: 'exactly once, in order',
  atLeastOnce: 'at least once',
  bestEffort: 'best effort',
} as const;

const ENTRIES_MAX = 100;
