/** A chat in one room: what the ready components are made of. */

import { forwardRef, type HTMLAttributes, type ReactNode, useId, useMemo } from 'react';
import type { AssistantStatus, StaleTimes } from '../channel/assistant.js';
import type { MessageEntry } from '../channel/entries.js';
import { useChannelStore, useChannelView } from '../channel/hook.js';
import { useAssistant } from '../channel/status-hook.js';
import type { ChannelStore, ChannelView, ChannelViewOptions } from '../channel/store.js';
import { type ClientOrUrl, useClientAt } from '../client-at.js';
import { Announcer } from '../components/announcer.js';
import { ConnectionBanner } from '../components/connection-banner.js';
import { ConnectionQuality } from '../components/connection-quality.js';
import { ConnectionIndicator } from '../components/connection-status.js';
import { classes, useTexts } from '../components/parts.js';
import { useConnection } from '../connection/hook.js';
import { NO_SOURCE } from '../source.js';
import { Composer } from './composer.js';
import { MessageList } from './message-list.js';
import { CHAT_TEXTS, type ChatTexts } from './texts.js';

export interface ChatProps
  extends ClientOrUrl,
    ChannelViewOptions,
    StaleTimes,
    Omit<HTMLAttributes<HTMLElement>, 'children' | 'title'> {
  /** The channel. */
  readonly room: string;
  /** Stands above, and names the chat. */
  readonly title: string;
  readonly texts?: Partial<ChatTexts> | undefined;
  /** While the connection is away, what is sent waits (`queue`), or nothing can be written (`disable`). Default: `queue`. */
  readonly whileAway?: 'queue' | 'disable';
  /** Shows who types. Default: true. */
  readonly showTyping?: boolean;
  /** Shows how many are here. Default: true. */
  readonly showPresence?: boolean;
  /** Tells others what was read, and shows what they have read. Default: true. */
  readonly showReceipts?: boolean;
  /** Shows how good the connection is. Default: false. */
  readonly showQuality?: boolean;
  /** Shows what an AI worker does, and that it was at it when the connection was lost. Default: false. */
  readonly showAssistant?: boolean;
  /** Whether losses and activity are told to screen readers. Default: true. */
  readonly announce?: boolean;
  readonly formatTime?: (at: number) => string;
  /** Renders the content of a message. Default: its text. */
  readonly renderMessage?: (entry: MessageEntry) => ReactNode;
}

/** A chat: messages with their state, who is here and who types, and a place to write. */
export const Chat = forwardRef<HTMLElement, ChatProps>(function Chat(props, ref) {
  const { room, title, texts, client, url, options, autoConnect, from, history, limit, user, ...others } =
    props;
  const {
    thinkingStaleMs,
    extractionStaleMs,
    whileAway = 'queue',
    announce,
    formatTime,
    renderMessage,
    ...more
  } = others;
  const {
    showTyping = true,
    showPresence = true,
    showReceipts = true,
    showQuality,
    showAssistant,
    ...rest
  } = more;
  const words = useMemo(() => ({ ...CHAT_TEXTS, ...texts }), [texts]);
  const found = useClientAt({ client, url, options, autoConnect });
  const source = found ?? NO_SOURCE;
  const store = useChatChannel(found, room, { from, history, limit, user });
  const isConnected = useConnection(isConnectedOf, source);
  const isRefused = useChannelView(store, refusedOf) !== undefined;
  const isDisabled = found === undefined || isRefused || (whileAway === 'disable' && !isConnected);
  const id = useId();
  const times = { thinkingStaleMs, extractionStaleMs };
  const doing = useAssistant(showAssistant ? found : undefined, room, doingOf, times);
  return (
    <section
      aria-labelledby={id}
      {...rest}
      ref={ref}
      className={classes('everlink', 'everlink-chat', rest.className)}
    >
      <header className="everlink-header">
        <h2 id={id} dir="auto">
          {title}
        </h2>
        {showPresence && <PresenceLine store={store} texts={words} />}
        {showQuality && <ConnectionQuality source={source} texts={words.connection} compact />}
        <ConnectionIndicator source={source} texts={words.connection} />
      </header>
      <ConnectionBanner source={source} texts={words.connection} announce={false} />
      <Refusal store={store} texts={words} />
      <MessageList store={store} texts={words} receipts={showReceipts} {...{ formatTime, renderMessage }} />
      <Activity
        source={source}
        store={store}
        texts={words}
        showTyping={showTyping}
        doing={doing}
        announce={announce}
      />
      <Composer store={store} texts={words} user={user} isDisabled={isDisabled} isAway={!isRefused} />
    </section>
  );
});

type ChatChannelOptions = { [K in keyof ChannelViewOptions]: ChannelViewOptions[K] | undefined };

/** Takes options that are `undefined` for options that are not there. */
function useChatChannel(
  client: ClientOrUrl['client'],
  room: string,
  options: ChatChannelOptions,
): ChannelStore | undefined {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return useChannelStore(client, room, given, client === undefined);
}

interface PartProps {
  readonly store: ChannelStore | undefined;
  readonly texts: ChatTexts;
}

function PresenceLine({ store, texts }: PartProps): ReactNode {
  const presence = useChannelView(store, presenceOf);
  if (presence === undefined) return null;
  const { count, members } = presence;
  return (
    <span className="everlink-presence" title={members.join(', ') || undefined}>
      {texts.presence(count, members)}
    </span>
  );
}

function Refusal({ store, texts }: PartProps): ReactNode {
  const refused = useChannelView(store, refusedOf);
  return refused === undefined ? null : <p className="everlink-refused">{texts.refused(refused.why)}</p>;
}

interface ActivityProps extends PartProps {
  readonly source: Parameters<typeof Announcer>[0]['source'];
  readonly showTyping: boolean;
  readonly doing: Doing | undefined;
  readonly announce: boolean | undefined;
}

/** What others do, in one line that is always there, so that nothing moves. Typing is not spoken: it would never end. */
function Activity({ source, store, texts, showTyping, doing, announce }: ActivityProps): ReactNode {
  const typing = useChannelView(store, showTyping ? typingOf : nobody);
  const failures = useChannelView(store, failuresOf);
  const refused = useChannelView(store, refusedOf);
  const names = typing.map((name) => name || texts.somebody);
  const said = doing && texts[doing];
  const alarm = refused === undefined ? failures > 0 && texts.failed : texts.refused(refused.why);
  return (
    <div className="everlink-activity" data-doing={doing}>
      <p dir="auto">
        {said !== undefined && <span className="everlink-dots" aria-hidden="true" />}
        {said ?? (names.length > 0 ? texts.typing(names) : '')}
      </p>
      <Announcer
        source={source}
        texts={useTexts(texts.connection)}
        announce={announce}
        activity={said}
        alarm={alarm || undefined}
      />
    </div>
  );
}

const isConnectedOf = ({ isConnected }: { isConnected: boolean }) => isConnected;
const presenceOf = (view: ChannelView) => view.presence;
const refusedOf = (view: ChannelView) => view.refused;
const typingOf = (view: ChannelView) => view.typing;
const NOBODY: readonly string[] = [];
const nobody = () => NOBODY;
const failuresOf = (view: ChannelView) =>
  view.messages.filter((entry) => entry.type === 'message' && entry.status === 'failed').length;

type Doing = 'thinking' | 'interrupted' | 'extracting' | 'summarizing';

function doingOf(status: AssistantStatus): Doing | undefined {
  if (status.isThinking) return 'thinking';
  if (status.isInterrupted) return 'interrupted';
  if (status.isExtracting) return 'extracting';
  return status.isSummaryGenerating ? 'summarizing' : undefined;
}
