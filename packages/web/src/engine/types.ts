/**
 * The engine's vocabulary, as `everlink-engine` has it: every variant is an object with a `type`, every
 * name is the Rust name in camelCase. Times and durations are milliseconds (a bare duration says `Ms`),
 * numbers stay below 2^53, and what Rust calls `None` is `undefined`.
 *
 * `createEngine` itself is in `index.ts`.
 */

import type { Causes, Verdict } from './failure.js';
import type { Cursor } from './frame.js';
import type { Input } from './input.js';
import type { ConnectionInfo, ConnectionState, Output } from './output.js';
import type { DialectName, Profile, Settings } from './settings.js';

export type * from './failure.js';
export type * from './frame.js';
export type * from './input.js';
export type * from './output.js';
export type * from './settings.js';

/** Which timer asks for `{ type: 'timeout' }`. */
export type Timer =
  | 'backoff'
  | 'dial'
  | 'greeting'
  | 'heartbeat'
  | 'pong'
  | 'suspicion'
  | 'write'
  | 'stable'
  | 'close'
  | 'stale'
  | 'age'
  | 'surrender'
  | 'overlap'
  | 'rate'
  | 'read';

/** When to report `{ type: 'timeout' }`, and which timer asks for it. */
export interface Deadline {
  /** Milliseconds on the clock of `now`. Early is harmless. */
  readonly at: number;
  /** Which timer. */
  readonly timer: Timer;
}

/**
 * One connection that comes back: a function of time and input, without clock, socket or randomness.
 *
 * A driver reports what happens with `handleInput`, carries out what `pollOutput` returns until it
 * returns `undefined`, and reports `{ type: 'timeout' }` when `pollTimeout` says. Time is milliseconds
 * from any origin, from 0 on, and never runs backwards: `performance.now()`.
 */
export interface Engine<P> {
  /**
   * Reports one input, at time `now`.
   *
   * @throws EngineError if a `send`, `subscribe` or `read` is refused; it changed nothing.
   * @throws EngineFault if the engine broke; it is dead from then on, and so is every other call.
   */
  handleInput(now: number, input: Input<P>): void;
  /** Returns the next thing to carry out, or `undefined` when the driver may wait. */
  pollOutput(): Output<P> | undefined;
  /** Returns the earliest deadline, if there is one. */
  pollTimeout(): Deadline | undefined;
  /** Returns what the connection is and has been, at time `now`. */
  info(now: number): ConnectionInfo;
  /** Returns the state. */
  state(): ConnectionState;
  /** Returns how far a channel was read, for a driver that keeps cursors. */
  cursor(channel: number): Cursor | undefined;
  /** Returns whether copies of one message may come on two transports now: only then is a `key` worth its price. */
  isOverlapping(): boolean;
  /** Gives the engine's memory back; every later call throws. Twice is harmless. */
  free(): void;
}

/** What an engine needs to know before it starts. */
export interface EngineOptions {
  /** The named set of defaults. */
  readonly profile: Profile;
  /** What the peer can do. Default: the profile's. */
  readonly dialect?: DialectName | undefined;
  /** What differs from the profile. */
  readonly settings?: Partial<Settings> | undefined;
  /** How many endpoints (URLs) the driver has. Default: 1. Range: 1 to 65535. */
  readonly endpoints?: number | undefined;
  /** Whether the driver can ask for fresh credentials. Default: false. */
  readonly credentials?: boolean | undefined;
  /** Where the randomness begins: an integer from 0 to 4294967295. The same seed gives the same delays. */
  readonly seed: number;
  /** What to do after some causes instead of what the table says; the first that covers a cause counts. At most 64. */
  readonly verdicts?: readonly VerdictOverride[] | undefined;
}

/** A row that goes before the table of verdicts. */
export interface VerdictOverride {
  /** After which causes. */
  readonly causes: Causes;
  /** What to do. */
  readonly verdict: Verdict;
}

/**
 * Makes an engine in the state `closed`. The same options and inputs give the same outputs.
 *
 * @throws ConfigError names the option or setting, the value given, and what is accepted.
 */
export type CreateEngine = <P>(options: EngineOptions) => Engine<P>;
