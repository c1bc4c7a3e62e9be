/** The chats. */

import { type ReactNode, useEffect } from 'react';
import type { ChannelItem } from '../src/api.js';
import { Chat, ChatAssistant, ChatWidget, SupportChatbot } from '../src/react/index.js';
import { Case } from './connection-cases.js';
import { caughtUp, connectionError, message, retained, SceneClient, volatile } from './scene.js';

const LONG =
  'https://example.com/a/very/long/address/that/has/no/place/to/break/at/all/0123456789012345678901234567890123456789';
const GENERAL = 'general-chat';
const AI = 'ai-assistant';

/** Brings a script to its client once the components read, and sends what is given. */
function Played({ client, items, children, after }: PlayedProps): ReactNode {
  useEffect(() => {
    const timer = setTimeout(() => {
      if (client.played) return;
      client.played = true;
      client.bring(...items);
      after?.();
    }, 50);
    return () => clearTimeout(timer);
  }, [client, items, after]);
  return children;
}

interface PlayedProps {
  readonly client: SceneClient & { played?: boolean };
  readonly items: readonly ChannelItem[];
  readonly after?: () => void;
  readonly children: ReactNode;
}

const TALK: ChannelItem[] = [
  caughtUp(GENERAL),
  message(GENERAL, 1, { plaintext: 'Good morning! Is the server up again?' }),
  message(GENERAL, 2, { plaintext: 'Yes, since nine.' }, { own: true, user: 'me' }),
  message(GENERAL, 3, { plaintext: 'Nothing was lost.\nI looked at the log.' }, { own: true, user: 'me' }),
  message(
    GENERAL,
    4,
    { plaintext: 'Very good.' },
    { user: 'a-user-with-quite-a-long-name-indeed@example.com' },
  ),
  { type: 'gap', channel: GENERAL, from: 5, to: 8, cause: 'expired' },
  message(GENERAL, 9, { plaintext: LONG }),
  message(GENERAL, 10, { plaintext: 'مرحبا بالجميع، كيف حالكم اليوم؟' }, { user: 'ليلى' }),
  message(GENERAL, 11, { plaintext: 'That one is read by others.' }, { own: true, user: 'me' }),
  retained(GENERAL, 'presence', { count: 4, members: ['ann', 'me'] }),
  retained(GENERAL, 'read:ann', { sequence_number: 3 }),
  volatile(GENERAL, 'typing', { typing: true, expires_in_ms: 30_000 }, 'ann'),
];

const ANSWERED: ChannelItem[] = [
  caughtUp(AI),
  message(AI, 1, { plaintext: 'What is a cursor?' }, { own: true, user: 'me' }),
  message(
    AI,
    2,
    { plaintext: 'A place in a log: its epoch and an offset.', role: 'assistant' },
    { user: undefined },
  ),
  message(AI, 3, { plaintext: 'And an epoch?' }, { own: true, user: 'me' }),
  retained(AI, 'status', { type: 'thinking_start', thinking: true, version: 1 }),
];

const talk = new SceneClient({ quality: 'good', latencyMs: 80 });
const away = new SceneClient({ state: 'connected' });
const empty = new SceneClient();
const closed = new SceneClient({ state: 'error', lastError: connectionError('gave_up') });
const thinking = new SceneClient();
const interrupted = new SceneClient();
const support = new SceneClient();
const refused = new SceneClient();

export function ChatCases(): ReactNode {
  return (
    <div className="group">
      <Case name="ChatWidget">
        <Played client={talk} items={TALK}>
          <ChatWidget client={talk} showQuality />
        </Played>
      </Case>
      <Case name="ChatWidget: away, own messages in every state">
        <Away />
      </Case>
      <Case name="ChatWidget: empty">
        <Played client={empty} items={[caughtUp(GENERAL)]}>
          <ChatWidget
            client={empty}
            title="A title that is much too long to fit in the width of a narrow widget"
          />
        </Played>
      </Case>
      <Case name="gave up, disabled">
        <Played client={closed} items={[]}>
          <ChatWidget client={closed} title="Given up" whileAway="disable" />
        </Played>
      </Case>
      <Case name="ChatAssistant: thinking">
        <Played client={thinking} items={ANSWERED}>
          <ChatAssistant client={thinking} />
        </Played>
      </Case>
      <Case name="ChatAssistant: interrupted">
        <Played
          client={interrupted}
          items={ANSWERED}
          after={() =>
            interrupted.set({ state: 'reconnecting', lastError: connectionError('connection_lost') })
          }
        >
          <ChatAssistant client={interrupted} title="Interrupted" />
        </Played>
      </Case>
      <Case name="SupportChatbot">
        <Played client={support} items={[caughtUp('support-chat')]}>
          <SupportChatbot client={support} />
        </Played>
      </Case>
      <Case name="refused">
        <Played
          client={refused}
          items={[{ type: 'refused', channel: GENERAL, code: 4403, why: 'no grant for it' }]}
        >
          <Chat client={refused} room={GENERAL} title="Private" />
        </Played>
      </Case>
    </div>
  );
}

/** Messages are sent by hand in a page; here a script does, as a user would. */
function Away(): ReactNode {
  return (
    <Played
      client={away}
      items={[caughtUp(GENERAL), message(GENERAL, 1, { plaintext: 'See you after the tunnel.' })]}
      after={() => void sendAll()}
    >
      <div id="away">
        <ChatWidget client={away} title="Away" />
      </div>
    </Played>
  );
}

async function sendAll(): Promise<void> {
  for (const text of ['This one is stored', 'This one was refused', 'This one is sent', 'This one waits'])
    type(text);
  const [stored, failed, sent] = away.tickets;
  await stored?.settle({ status: 'acked', offset: 2 });
  await failed?.settle({ status: 'dropped', reason: 'refused', code: 4403 });
  sent?.step('sent');
  away.set({ state: 'reconnecting', queuedMessages: 2, lastError: connectionError('connection_lost') });
}

function type(text: string): void {
  const box = document.querySelector('#away textarea') as HTMLTextAreaElement;
  const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set;
  set?.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
  box.form?.requestSubmit();
}
