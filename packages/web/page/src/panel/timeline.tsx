/** The last minutes as a strip: colour, texture and a tooltip for each state. */

import type { ReactNode } from 'react';
import type { ConnectionState } from '../../../src/engine/types.js';
import { useNow } from '../hooks.js';
import { SHOWN_MS, type Stretch, segments } from '../watch/timeline.js';
import { duration } from './headline.jsx';
import { Shape, STATE_WORDS } from './states.jsx';

export function Timeline({ strip }: { readonly strip: readonly Stretch[] }): ReactNode {
  const now = useNow(1000);
  const parts = segments(strip, now);
  return (
    <figure className="timeline">
      <svg viewBox="0 0 1000 34" preserveAspectRatio="none" role="img" aria-label={summary(strip, now)}>
        <Textures />
        {parts.map(({ state, start, width, ms }) => (
          <rect
            key={`${state}${start}`}
            x={start * 1000}
            width={width * 1000}
            y="0"
            height="34"
            data-state={state}
            fill={FILLS[state]}
          >
            <title>{`${STATE_WORDS[state]} for ${duration(ms)}`}</title>
          </rect>
        ))}
      </svg>
      <figcaption>
        <span>{`${SHOWN_MS / 60_000} min ago`}</span>
        <span className="legend">
          {LEGEND.map((state) => (
            <span key={state}>
              <Shape state={state} /> {LEGEND_WORDS[state]}
            </span>
          ))}
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function Textures(): ReactNode {
  return (
    <defs>
      <pattern
        id="striped"
        width="10"
        height="10"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect width="10" height="10" className="texture-ground" />
        <rect width="5" height="10" className="texture-stripe" />
      </pattern>
      <pattern id="crossed" width="8" height="8" patternUnits="userSpaceOnUse">
        <rect width="8" height="8" className="texture-bad" />
        <path d="M0 0l8 8M8 0l-8 8" className="texture-cross" />
      </pattern>
    </defs>
  );
}

function summary(strip: readonly Stretch[], now: number): string {
  const losses = strip.filter(
    ({ state }, at) => state !== 'connected' && strip[at - 1]?.state === 'connected',
  ).length;
  const state = strip.at(-1)?.state ?? 'closed';
  const since = strip.at(-1)?.from ?? now;
  return `${STATE_WORDS[state]} for ${duration(now - since)}; lost ${losses} times in the last ${SHOWN_MS / 60_000} minutes`;
}

const FILLS: Readonly<Record<ConnectionState, string | undefined>> = {
  closed: undefined,
  connecting: 'url(#striped)',
  connected: undefined,
  disconnected: undefined,
  reconnecting: 'url(#striped)',
  error: 'url(#crossed)',
};

const LEGEND = ['connected', 'reconnecting', 'disconnected'] as const;
const LEGEND_WORDS = { connected: 'up', reconnecting: 'coming back', disconnected: 'down' } as const;
