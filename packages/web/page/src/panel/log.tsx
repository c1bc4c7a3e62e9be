/** What happened, the newest first. */

import type { ReactNode } from 'react';
import type { Entry } from '../watch/watch.js';

export function Log({ entries }: { readonly entries: readonly Entry[] }): ReactNode {
  if (entries.length === 0) return <p className="nothing">Nothing has happened yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className="log" tabIndex={0} aria-label="What happened, the newest first">
      {entries.map(({ id, at, tone, text }) => (
        <li key={id} data-tone={tone}>
          <time dateTime={new Date(at).toISOString()}>{clock.format(at)}</time>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  );
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
