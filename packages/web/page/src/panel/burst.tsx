/** Fifty numbered messages, a dot for each. */

import type { ReactNode } from 'react';
import type { Desk } from '../desk.js';
import { useStore } from '../hooks.js';
import { type Dot, MESSAGES, tally } from '../watch/burst.js';

export function BurstView({ desk }: { readonly desk: Desk }): ReactNode {
  const { dots, isRunning } = useStore(desk.burst);
  const start = () => desk.burst.start(runName(), pace);
  const shown = dots.length > 0 ? dots : NONE;
  return (
    <div className="burst">
      <button type="button" className="button primary" onClick={start} disabled={isRunning}>
        {isRunning ? 'Sending…' : `Send ${MESSAGES} messages`}
      </button>
      <p className="verdict" role="status">
        {verdict(dots, isRunning)}
      </p>
      <ol className="dots" aria-label={described(dots)}>
        {shown.map((dot, at) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: a dot is its place
            key={at}
            data-dot={dots.length > 0 ? dot : undefined}
            title={`${at + 1}: ${dots.length > 0 ? dot : 'not sent'}`}
          />
        ))}
      </ol>
    </div>
  );
}

function verdict(dots: readonly Dot[], isRunning: boolean): string {
  if (dots.length === 0) return 'Send them, and break the connection meanwhile.';
  if (isRunning) return 'Now break something.';
  const { arrived, doubled, reordered, failed } = tally(dots);
  if (arrived === dots.length) return `All ${arrived} arrived: each once, and in order.`;
  return `${arrived} as they should; ${doubled} doubled, ${reordered} out of order, ${failed} failed.`;
}

function described(dots: readonly Dot[]): string {
  const { waiting, sent, stored, arrived } = tally(dots);
  return `${waiting} wait, ${sent} sent, ${stored} stored, ${arrived} arrived`;
}

/** Names a run for every window that reads it; `randomUUID` exists in secure contexts only. */
function runName(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join('-');
}

function pace(step: () => boolean): void {
  const timer = setInterval(() => {
    if (!step()) clearInterval(timer);
  }, PACE_MS);
}

const NONE: readonly Dot[] = Array<Dot>(MESSAGES).fill('waiting');

/** Time from one message to the next: long enough to break something meanwhile. */
const PACE_MS = 120;
