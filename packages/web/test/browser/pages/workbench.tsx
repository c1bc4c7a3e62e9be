/**
 * What a test page has in `window.bench`: the package from its sources, and small things to look at it with. A test
 * drives them by `page.evaluate`.
 */

import { StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import type { Settings } from '../../../src/engine/types.js';
import type { Channel, ChannelItem, Client, ClientOptions } from '../../../src/index.js';
import { EverlinkClient } from '../../../src/index.js';
import {
  Chat,
  type ChatProps,
  ConnectionBanner,
  ConnectionStatus,
  EverlinkProvider,
} from '../../../src/react/index.js';
import '../../../src/react/styles.css';
import type { StorageEnvironment } from '../../../src/storage/environment.js';

export * from '../../../src/chat/index.js';
export {
  ConfigError,
  createSharedClient,
  EverlinkClient,
  EverlinkSocket,
  indexedDbCursors,
  indexedDbOutbox,
  OfflineQueue,
} from '../../../src/index.js';
export { MessengerClient } from '../../../src/messenger/index.js';
export * from '../../../src/rooms/index.js';

/** Back soon, again and again. */
export const QUICK: Partial<Settings> = {
  backoffMinMs: 20,
  backoffMaxMs: 200,
  backoffFloorMs: 0,
  returnWindowMs: false,
  dialsPerMinute: false,
  connectTimeoutMs: 3000,
  closeTimeoutMs: 200,
  // A connection that is cut at once is no sign of a sick server here: else the tenth in two minutes would wait.
  stableAfterMs: 0,
};

/** Where tests put what they go on with. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows what it put there
export const kept: Record<string, any> = {};

/** A client that comes back quickly; it is connected. */
export function connect(url: string, options: ClientOptions = {}): Client {
  const client = new EverlinkClient(url, { ...options, settings: { ...QUICK, ...options.settings } });
  client.addEventListener('connected', () => proven.delete(client));
  client.addEventListener('reconnected', () => proven.delete(client));
  client.addEventListener('healthcheck', () => proven.add(client));
  client.connect().catch(() => undefined);
  return client;
}

/** Whether it is connected, and has answered a heartbeat since: what is cut before that is flapping, and would have to wait. */
export function isProven(client: Client): boolean {
  return client.state === 'connected' && proven.has(client);
}

const proven = new WeakSet<Client>();

/** The clock and the timers of a page's storage, so many times as fast, and the same in all pages. */
export function hastened(times: number): Pick<StorageEnvironment, 'setTimer' | 'wallClock'> {
  return {
    wallClock: () => CLOCK_MS + (Date.now() - CLOCK_MS) * times,
    setTimer: (delayMs, run) => {
      const timer = setTimeout(run, delayMs / times);
      return () => clearTimeout(timer);
    },
  };
}

/** Resolves once so much of such a time has passed. */
export function hastenedTime(times: number, ms: number): Promise<void> {
  return new Promise((resolve) => void hastened(times).setTimer(ms, resolve));
}

/** Notes all that a channel brings. */
export class Reader {
  readonly items: ChannelItem[] = [];

  constructor(channel: Channel) {
    channel.onItem((item) => this.items.push(item));
  }

  /** The numbers that messages carry, in the order in which they came. */
  get numbers(): number[] {
    return this.items.flatMap((item) => (item.type === 'message' ? [numberOf(item.payload)] : []));
  }

  get gaps(): number {
    return this.items.filter(({ type }) => type === 'gap').length;
  }
}

export function read(client: Client, channel: string): Reader {
  return new Reader(client.channel(channel, { from: 'beginning' }));
}

/** Publishes numbered messages, which a chat shows as `n 17`. */
export function publish(client: Client, channel: string, first: number, last: number): void {
  for (let number = first; number <= last; number += 1) client.publish(channel, { plaintext: `n ${number}` });
}

/** Returns the number of a message that `publish` sent, else NaN. */
function numberOf(payload: unknown): number {
  const text = (payload as { plaintext?: unknown }).plaintext;
  return typeof text === 'string' && text.startsWith('n ') ? Number(text.slice(2)) : Number.NaN;
}

/** Shows a chat with all of a channel unless it is told otherwise, and what the connection is like. */
export function showChat(client: Client, room: string, user: string, props: Partial<ChatProps> = {}): Root {
  const root = createRoot(document.getElementById('root') as HTMLElement);
  root.render(
    <StrictMode>
      <EverlinkProvider client={client}>
        <ConnectionStatus position="inline" showMetrics />
        <ConnectionBanner delayMs={0} />
        <Chat client={client} room={room} user={user} title="Test" from="beginning" limit={5000} {...props} />
      </EverlinkProvider>
    </StrictMode>,
  );
  return root;
}

/** The numbers of the messages that are in the document, in the order in which they stand there. */
export function shownNumbers(): number[] {
  const bubbles = document.querySelectorAll('.everlink-message .everlink-bubble');
  return [...bubbles].map(({ textContent }) => numberOf({ plaintext: textContent }));
}

/** When such clocks are right: the first of January 2026. */
const CLOCK_MS = 1_767_225_600_000;
