/** Shapes: what is said by colour is said by shape too. */

import type { ReactNode } from 'react';
import type { ConnectionState, Quality } from '../../engine/types.js';

/** Draws a state. Says nothing to a screen reader; text stands beside it, or a label around it. */
export function StateGlyph({ state }: { readonly state: ConnectionState }): ReactNode {
  return (
    <svg
      className="everlink-glyph"
      data-state={state}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[state]}
    </svg>
  );
}

/** Draws a quality as bars: four, three, two, or none filled and crossed out. */
export function QualityGlyph({ quality }: { readonly quality: Quality }): ReactNode {
  const filled = FILLED[quality];
  return (
    <svg
      className="everlink-bars"
      data-quality={quality}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {BARS.map((height, at) => (
        <rect
          key={height}
          x={1 + at * 4}
          y={14 - height}
          width="2.5"
          height={height}
          rx=".75"
          data-on={at < filled || undefined}
        />
      ))}
      {filled === 0 && <path d="M3 3l10 10" className="everlink-line" />}
    </svg>
  );
}

const SHAPES: Record<ConnectionState, ReactNode> = {
  closed: <circle cx="8" cy="8" r="5" className="everlink-line" />,
  connecting: <path d="M8 3a5 5 0 1 1-5 5" className="everlink-line" />,
  connected: <circle cx="8" cy="8" r="5.5" />,
  disconnected: (
    <path d="M4.5 11.5a5 5 0 0 1 7-7M13 8a5 5 0 0 1-6.5 4.8M3 13 13 3" className="everlink-line" />
  ),
  reconnecting: (
    <path
      d="M3 8a5 5 0 0 1 9-3M13 8a5 5 0 0 1-9 3M12.5 2v3.2H9.3M3.5 14v-3.2h3.2"
      className="everlink-line"
    />
  ),
  error: <path d="M8 1.5 15 14H1zM7.25 6v4h1.5V6zm0 5v1.5h1.5V11z" fillRule="evenodd" />,
};

const BARS = [4, 7, 10, 13];
const FILLED: Record<Quality, number> = { excellent: 4, good: 3, poor: 2, unusable: 0 };
