/** What the client counts, and what the page counts itself. */

import type { ReactNode } from 'react';
import type { Desk } from '../desk.js';
import { useStore } from '../hooks.js';
import { seconds, type WatchSnapshot } from '../watch/watch.js';

export function Figures({ desk }: { readonly desk: Desk }): ReactNode {
  const snapshot = useStore(desk.watch);
  return (
    <dl className="figures">
      {rowsOf(snapshot).map(({ name, value, tone, title }) => (
        <div key={name} data-tone={tone} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Row {
  readonly name: string;
  readonly value: string | number;
  readonly tone?: 'bad' | 'good' | 'wait';
  readonly title?: string;
}

function rowsOf({ info, count }: WatchSnapshot): readonly Row[] {
  const wrong = (value: number) => (value === 0 ? 'good' : 'bad');
  return [
    {
      name: 'Lost',
      value: count.lost,
      tone: wrong(count.lost),
      title: 'Places in a channel that were left out, as this page counts them',
    },
    {
      name: 'Doubled',
      value: count.doubled,
      tone: wrong(count.doubled),
      title: 'Messages that reached the page twice',
    },
    { name: 'Out of order', value: count.reordered, tone: wrong(count.reordered) },
    {
      name: 'Waiting',
      value: info.queuedMessages,
      ...(info.queuedMessages > 0 && { tone: 'wait' as const }),
      title: 'Messages in the queue',
    },
    { name: 'Sent', value: info.messagesSent, title: 'With those that were sent again' },
    { name: 'Received', value: count.received },
    {
      name: 'Copies dropped',
      value: info.duplicates,
      title: 'Came again after a loss, and were known by their place',
    },
    { name: 'Replayed', value: info.messagesReplayed, title: 'Missed while away, and delivered afterwards' },
    { name: 'Reconnects', value: info.reconnects },
    { name: 'Dials', value: info.dials },
    { name: 'Connected', value: seconds(info.uptimeMs) },
    { name: 'Away', value: seconds(info.downtimeMs) },
  ];
}
