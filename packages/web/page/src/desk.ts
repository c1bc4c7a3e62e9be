/** One window's client with everything that looks at it and breaks it. */

import type { ChannelItem, Client, ClientOptions } from '../../src/api.js';
import { browserPlatform } from '../../src/platform/index.js';
import { indexedDbOutbox } from '../../src/storage/index.js';
import { BreakableNetwork } from './network/network.js';
import { roomAt } from './rooms/rooms.js';
import { RoomNews } from './rooms/unread.js';
import { type About, endpoint } from './session.js';
import { Burst } from './watch/burst.js';
import { Watch } from './watch/watch.js';

/** Makes clients: with the engine in WebAssembly, or without. */
export type ClientClass = new (url: string, options?: ClientOptions) => Client;

/** A window's client and its tools. */
export interface Desk {
  readonly user: string;
  readonly about: About;
  readonly client: Client;
  readonly network: BreakableNetwork;
  readonly watch: Watch;
  readonly news: RoomNews;
  readonly burst: Burst;
  /** Ends it all. */
  readonly close: () => void;
}

export interface DeskOptions {
  readonly clientClass: ClientClass;
  readonly about: About;
  readonly user: string;
  /** Where the server asks for one. */
  readonly token: string | undefined;
}

/** Makes a client for a user and connects it. */
export function openDesk({ clientClass, about, user, token }: DeskOptions): Desk {
  const network = new BreakableNetwork(browserPlatform());
  const client = new clientClass(endpoint(about, user), {
    platform: network.platform(),
    ...(token !== undefined && { credentials: () => ({ token }) }),
    // One for each name: what somebody wrote is not sent on in the name of another window.
    outbox: indexedDbOutbox(`page:${user}`),
    // Whoever watches a demonstration should not wait for half a minute.
    settings: { backoffMaxMs: 8000, stableAfterMs: 5000, returnWindowMs: 1000, dialsPerMinute: 60 },
  });
  const watch = new Watch(client);
  const count = (item: ChannelItem) => {
    if (watch.ledger.take(item)) watch.refresh();
  };
  const news = new RoomNews(client, roomAt(location.hash).id, count);
  const burst = new Burst(client, count);
  const looking = setInterval(() => document.visibilityState === 'visible' && watch.refresh(), LOOK_MS);
  client.connect().catch(() => undefined);
  const close = () => {
    clearInterval(looking);
    burst.close();
    news.close();
    watch.close();
    void client.close();
  };
  return { user, about, client, network, watch, news, burst, close };
}

/** How often figures are looked at that change without an event. */
const LOOK_MS = 500;
