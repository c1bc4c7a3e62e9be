/** States in words and shapes: nothing is said by colour alone. */

import type { ReactNode } from 'react';
import type { ConnectionState } from '../../../src/engine/types.js';

/** What each state is called here. */
export const STATE_WORDS: Readonly<Record<ConnectionState, string>> = {
  closed: 'Closed',
  connecting: 'Connecting',
  connected: 'Connected',
  disconnected: 'Disconnected',
  reconnecting: 'Reconnecting',
  error: 'Gave up',
};

/** A shape for each state: a disc, a ring, a broken ring, a cross. */
export function Shape({ state }: { readonly state: ConnectionState }): ReactNode {
  return (
    <svg className="shape" data-state={state} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      {SHAPES[state]}
    </svg>
  );
}

const ring = (dashes?: string) => (
  <circle
    cx="8"
    cy="8"
    r="5.5"
    fill="none"
    stroke="currentColor"
    strokeWidth="2.5"
    strokeDasharray={dashes}
  />
);
const cross = (
  <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" stroke="currentColor" strokeWidth="2.75" strokeLinecap="round" />
);

const SHAPES: Readonly<Record<ConnectionState, ReactNode>> = {
  closed: ring(),
  connecting: ring('6 5.5'),
  connected: <circle cx="8" cy="8" r="6" fill="currentColor" />,
  disconnected: ring(),
  reconnecting: ring('6 5.5'),
  error: cross,
};
