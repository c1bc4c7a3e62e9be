/** The messages of a chat. */

import { type ReactNode, useCallback, useEffect } from 'react';
import type { MessageEntry } from '../channel/entries.js';
import { useChannelView } from '../channel/hook.js';
import type { ChannelStore, ChannelView } from '../channel/store.js';
import { EntryItem } from './message.js';
import { useScrolling } from './scrolling.js';
import type { ChatTexts } from './texts.js';

export interface MessageListProps {
  readonly store: ChannelStore | undefined;
  readonly texts: ChatTexts;
  readonly formatTime: ((at: number) => string) | undefined;
  readonly renderMessage: ((entry: MessageEntry) => ReactNode) | undefined;
  readonly receipts: boolean;
}

export function MessageList(props: MessageListProps): ReactNode {
  const { store, texts, formatTime = timeOf, renderMessage, receipts } = props;
  const messages = useChannelView(store, messagesOf);
  const readUpTo = useChannelView(store, receipts ? readUpToOf : nowhere);
  const isReady = useChannelView(store, isReadyOf);
  const { ref, onScroll, isAtEnd, unseen, toEnd } = useScrolling(messages);
  useReading(store, receipts && isAtEnd, messages);
  return (
    <div className="everlink-messages">
      <div
        ref={ref}
        role="log"
        aria-label={texts.messages}
        aria-busy={!isReady}
        aria-relevant="additions"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="everlink-log"
        onScroll={onScroll}
      >
        <Earlier store={store} texts={texts} />
        {messages.length === 0 && isReady && <p className="everlink-empty">{texts.empty}</p>}
        {store !== undefined && messages.length > 0 && (
          <ol>
            {messages.map((entry, at) => (
              <EntryItem
                key={entry.key}
                entry={entry}
                before={messages[at - 1]}
                isRead={entry.type === 'message' && entry.offset !== undefined && entry.offset <= readUpTo}
                {...{ store, texts, formatTime, renderMessage }}
              />
            ))}
          </ol>
        )}
      </div>
      {unseen > 0 && (
        <button type="button" className="everlink-button everlink-new" onClick={toEnd}>
          {texts.newMessages(unseen)}
        </button>
      )}
    </div>
  );
}

function Earlier({ store, texts }: Pick<MessageListProps, 'store' | 'texts'>): ReactNode {
  const hasEarlier = useChannelView(store, hasEarlierOf);
  const isLoading = useChannelView(store, isLoadingOf);
  const load = useCallback(() => void store?.loadEarlier(), [store]);
  if (isLoading) return <p className="everlink-empty">{texts.loading}</p>;
  if (!hasEarlier) return null;
  return (
    <button type="button" className="everlink-link everlink-earlier" onClick={load}>
      {texts.earlier}
    </button>
  );
}

/** Tells that all was read, while the end of the list is in view and so is the page. */
function useReading(
  store: ChannelStore | undefined,
  isAtEnd: boolean,
  messages: ChannelView['messages'],
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: new messages are what is read
  useEffect(() => {
    if (store === undefined || !isAtEnd) return;
    const read = () => {
      if (document.visibilityState !== 'hidden') store.markRead();
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [store, isAtEnd, messages]);
}

function timeOf(at: number): string {
  format ??= new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
  return format.format(at);
}

let format: Intl.DateTimeFormat | undefined;

const messagesOf = (view: ChannelView) => view.messages;
const readUpToOf = (view: ChannelView) => Math.max(0, ...Object.values(view.reads));
const nowhere = () => 0;
const isReadyOf = (view: ChannelView) => view.isReady;
const hasEarlierOf = (view: ChannelView) => view.hasEarlier && view.messages.length > 0;
const isLoadingOf = (view: ChannelView) => view.isLoading;
