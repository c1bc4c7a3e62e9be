/** One entry of the list. */

import { memo, type ReactNode } from 'react';
import type { Entry, GapEntry, MessageEntry } from '../channel/entries.js';
import { fieldsOf, text } from '../channel/payload.js';
import type { ChannelStore } from '../channel/store.js';
import { type ChatTexts, isReply, textOf } from './texts.js';

export interface EntryProps {
  readonly entry: Entry;
  /** The entry before it. */
  readonly before: Entry | undefined;
  /** Somebody else has read up to here. */
  readonly isRead: boolean;
  readonly store: ChannelStore;
  readonly texts: ChatTexts;
  readonly formatTime: (at: number) => string;
  readonly renderMessage: ((entry: MessageEntry) => ReactNode) | undefined;
}

/** An entry renders again when it or its state changed, not when another came. */
export const EntryItem = memo(function EntryItem({ entry, before, ...rest }: EntryProps): ReactNode {
  if (entry.type === 'gap') return <GapItem gap={entry} texts={rest.texts} />;
  const isFollowing =
    before?.type === 'message' && senderOf(before, rest.texts) === senderOf(entry, rest.texts);
  return <MessageItem entry={entry} isFollowing={isFollowing} {...rest} />;
});

function GapItem({ gap, texts }: { readonly gap: GapEntry; readonly texts: ChatTexts }): ReactNode {
  return (
    <li className="everlink-gap" data-cause={gap.cause}>
      <span>{texts.gap(gap.from, gap.to, gap.cause)}</span>
    </li>
  );
}

type MessageItemProps = Omit<EntryProps, 'before' | 'entry'> & { entry: MessageEntry; isFollowing: boolean };

function MessageItem(props: MessageItemProps): ReactNode {
  const { entry, isFollowing, texts, formatTime, renderMessage } = props;
  const from = entry.own ? 'own' : isReply(entry.payload) ? 'assistant' : 'other';
  return (
    <li
      className="everlink-message"
      data-from={from}
      data-status={entry.status}
      data-following={isFollowing || undefined}
    >
      <span className={isFollowing || entry.own ? 'everlink-unseen' : 'everlink-sender'} dir="auto">
        {senderOf(entry, texts)}
      </span>
      <div className="everlink-bubble" dir="auto">
        {renderMessage === undefined ? textOf(entry.payload) : renderMessage(entry)}
      </div>
      <div className="everlink-meta">
        <time dateTime={new Date(entry.at).toISOString()}>{formatTime(entry.at)}</time>
        {entry.own && <OwnState {...props} />}
      </div>
    </li>
  );
}

function OwnState({ entry, isRead, store, texts }: MessageItemProps): ReactNode {
  const state = entry.status === 'stored' && isRead ? 'read' : entry.status;
  return (
    <>
      <span className="everlink-state" data-state={state}>
        {texts.states[state]}
      </span>
      {state === 'failed' && (
        <>
          <button type="button" className="everlink-link" onClick={() => store.retry(entry.key)}>
            {texts.retry}
          </button>
          <button type="button" className="everlink-link" onClick={() => store.discard(entry.key)}>
            {texts.discard}
          </button>
        </>
      )}
    </>
  );
}

function senderOf(entry: MessageEntry, texts: ChatTexts): string {
  if (entry.own) return texts.you;
  if (isReply(entry.payload)) return texts.assistant;
  return entry.user ?? text(fieldsOf(entry.payload).sender_id) ?? texts.somebody;
}
