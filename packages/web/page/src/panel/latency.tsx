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
        <span className="quality" data-quality={isKnown ? quality : undefined}>{isKnown ? quality : 'not measured'}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label(samples)}>
        {BANDS.map(({ quality, from, to }) => (
          <rect key={quality} x="0" width={WIDTH} y={yOf(to)} height={yOf(from) - yOf(to)} className="band" data-quality={quality} />
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

/** Logarithmic, so that 2 ms and 2 s can both be seen. */
function yOf(ms: number): number {
  const share = (Math.log10(Math.min(Math.max(ms, MS_MIN), MS_MAX)) - Math.log10(MS_MIN)) / Math.log10(MS_MAX / MS_MIN);
  return HEIGHT * (1 - share);
}

function label(samples: readonly Sample[]): string {
  const values = samples.map(({ latencyMs }) => latencyMs);
  if (values.length === 0) return 'Round trips: none measured yet';
  return `Round trips of the last minutes: ${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))} ms`;
}

const WIDTH = 300;
const HEIGHT = 64;
const MS_MIN = 1;
const MS_MAX = 4000;
const BROKEN_MS = 12_000;

/** As the engine judges by default. */
const BANDS: readonly { quality: Quality; from: number; to: number }[] = [
  { quality: 'unusable', from: 200, to: MS_MAX },
  { quality: 'poor', from: 100, to: 200 },
  { quality: 'good', from: 50, to: 100 },
  { quality: 'excellent', from: MS_MIN, to: 50 },
];
