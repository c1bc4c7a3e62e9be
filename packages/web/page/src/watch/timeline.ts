/** How the connection has been over the last minutes: a strip of states. */

import type { ConnectionState } from '../../../src/engine/types.js';

/** A time in one state. */
export interface Stretch {
  readonly state: ConnectionState;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Milliseconds since 1970; undefined while it lasts. */
  readonly to: number | undefined;
}

/** A measured round trip; undefined where a heartbeat has no answer. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly latencyMs: number;
}

/** Adds a state to a strip, and drops what is older than is shown or too much. */
export function entered(strip: readonly Stretch[], state: ConnectionState, at: number): readonly Stretch[] {
  const last = strip.at(-1);
  if (last?.state === state) return strip;
  const before = strip.slice(0, -1);
  const closed = last === undefined ? [] : [{ ...last, to: Math.max(at, last.from) }];
  const all: Stretch[] = [...before, ...closed, { state, from: at, to: undefined }];
  const kept = all.filter((stretch) => stretch.to === undefined || stretch.to > at - SHOWN_MS);
  return kept.slice(-STRETCHES_MAX);
}

/** A part of the strip as it is drawn: from 0 (left) to 1 (now). */
export interface Segment {
  readonly state: ConnectionState;
  readonly start: number;
  readonly width: number;
  readonly ms: number;
}

/** Lays a strip out over the time that is shown. What is too short to be seen is widened a little. */
export function segments(strip: readonly Stretch[], now: number, shownMs = SHOWN_MS): readonly Segment[] {
  const begin = now - shownMs;
  const visible = strip.filter((stretch) => (stretch.to ?? now) > begin);
  return visible.map((stretch) => {
    const from = Math.max(stretch.from, begin);
    const to = Math.max(stretch.to ?? now, from);
    const start = (from - begin) / shownMs;
    const width = Math.min(Math.max((to - from) / shownMs, WIDTH_MIN), 1 - Math.min(start, 1 - WIDTH_MIN));
    return {
      state: stretch.state,
      start: Math.min(start, 1 - WIDTH_MIN),
      width,
      ms: (stretch.to ?? now) - stretch.from,
    };
  });
}

/** Adds a sample, and drops what is older than is shown or too much. */
export function sampled(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const kept = samples.filter((known) => known.at > sample.at - SHOWN_MS);
  return [...kept, sample].slice(-SAMPLES_MAX);
}

/** How much of the past is shown. */
export const SHOWN_MS = 180_000;

const STRETCHES_MAX = 240;
const SAMPLES_MAX = 240;

/** A stretch is at least so wide, as a share of the strip. */
const WIDTH_MIN = 0.004;
