/** Round trips of the heartbeat, over bands of quality. */

import type { ReactNode } from 'react';
import type { Quality } from '../../../src/engine/types.js';
import { useNow } from '../hooks.js';
import { type Sample, SHOWN_MS } from '../watch/timeline.js';

interface LatencyProps {
  readonly samples: readonly Sample[];
  readonly latencyMs: number | undefined;
  readonly quality: Quality;
}

export function Latency({ samples, latencyMs, quality }: LatencyProps): ReactNode {
  const now = useNow(1000);
  const isKnown = latencyMs !== undefined;
  return (
    <figure className="latency">
      <figcaption>
        <strong>{isKnown ? `${Math.round(latencyMs)} ms` : '–'}</strong>
        <span className="quality" data-quality={isKnown ? quality : undefined}>
          {isKnown ? quality : 'not measured'}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label(samples)}
      >
        {BANDS.map(({ quality }, at) => (
          <rect
            key={quality}
            width={WIDTH}
            y={at * BAND}
            height={BAND}
            className="band"
            data-quality={quality}
          />
        ))}
        <path d={line(samples, now)} className="curve" vectorEffect="non-scaling-stroke" />
      </svg>
      <ul className="scale" aria-hidden="true">
        {BANDS.map(({ quality }) => (
          <li key={quality}>{quality}</li>
        ))}
      </ul>
    </figure>
  );
}

function line(samples: readonly Sample[], now: number): string {
  let path = '';
  let before: number | undefined;
  for (const { at, latencyMs } of samples) {
    const x = ((at - now + SHOWN_MS) / SHOWN_MS) * WIDTH;
    if (x < 0) continue;
    // Where a heartbeat is missing the curve is broken too.
    const isBroken = before === undefined || at - before > BROKEN_MS;
    path += `${isBroken ? 'M' : 'L'}${x.toFixed(1)} ${yOf(latencyMs).toFixed(1)}${isBroken ? 'l0.01 0' : ''}`;
    before = at;
  }
  return path;
}

/** Each band has the same height, and is logarithmic in itself: 2 ms and 2 s can both be seen. */
function yOf(ms: number): number {
  const value = Math.min(Math.max(ms, MS_MIN), MS_MAX);
  const at = BANDS.findIndex(({ from }) => value >= from);
  const { from, to } = BANDS[at] ?? LOWEST;
  const within = Math.log(value / from) / Math.log(to / from);
  return BAND * (at + 1 - within);
}

function label(samples: readonly Sample[]): string {
  const values = samples.map(({ latencyMs }) => latencyMs);
  if (values.length === 0) return 'Round trips: none measured yet';
  return `Round trips of the last minutes: ${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))} ms`;
}

interface Band {
  readonly quality: Quality;
  readonly from: number;
  readonly to: number;
}

const WIDTH = 300;
const BAND = 16;
const HEIGHT = 4 * BAND;
const MS_MIN = 1;
const MS_MAX = 4000;
const BROKEN_MS = 12_000;

const LOWEST: Band = { quality: 'excellent', from: MS_MIN, to: 50 };

/** As the engine judges by default, the worst first. */
const BANDS: readonly Band[] = [
  { quality: 'unusable', from: 200, to: MS_MAX },
  { quality: 'poor', from: 100, to: 200 },
  { quality: 'good', from: 50, to: 100 },
  LOWEST,
];
