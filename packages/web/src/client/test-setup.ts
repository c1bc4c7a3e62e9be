/** A client and a server in virtual time. */

import { afterEach } from 'vitest';
import type { Channel, ChannelItem, ClientEvents, ClientOptions, Payload } from '../api.js';
import { EverlinkClient } from '../index.js';
import {
  EverlinkServer,
  type EverlinkServerOptions,
  type VirtualPlatform,
  virtualPlatform,
} from '../testing.js';

export const URL_V1 = 'ws://server.test/ws';

export interface Setup {
  readonly platform: VirtualPlatform;
  readonly server: EverlinkServer;
  readonly client: EverlinkClient;
}

const clients: EverlinkClient[] = [];

/** Makes a client of a server; what is made is disposed of after the test. */
export function setup(options: ClientOptions = {}, server: EverlinkServerOptions = {}, seed = 1): Setup {
  const platform = virtualPlatform(seed);
  return {
    platform,
    server: new EverlinkServer(platform, URL_V1, server),
    client: makeClient(platform, options),
  };
}

export function makeClient(
  platform: VirtualPlatform,
  options: ClientOptions = {},
  url = URL_V1,
): EverlinkClient {
  const client = new EverlinkClient(url, { platform, ...options });
  clients.push(client);
  return client;
}

/** Connects, in virtual time. */
export async function connect({ platform, client }: Pick<Setup, 'platform' | 'client'>): Promise<void> {
  const connected = client.connect();
  await platform.until(() => client.state === 'connected');
  await connected;
}

/** Waits until it is back. */
export async function back(
  { platform, client }: Pick<Setup, 'platform' | 'client'>,
  limitMs?: number,
): Promise<void> {
  await platform.until(() => client.state === 'connected', limitMs);
}

/** Collects the items of a channel. */
export function collect<T extends Payload>(channel: Channel<T>): ChannelItem<T>[] {
  const items: ChannelItem<T>[] = [];
  channel.onItem((item) => void items.push(item));
  return items;
}

/** Returns the payloads of messages among items. */
export function payloads(items: readonly ChannelItem[]): Payload[] {
  return items.flatMap((item) => (item.type === 'message' ? [item.payload] : []));
}

/** Collects the details of events. */
export function events<K extends keyof ClientEvents>(client: EverlinkClient, type: K): ClientEvents[K][] {
  const details: ClientEvents[K][] = [];
  client.addEventListener(type, ({ detail }) => void details.push(detail));
  return details;
}

afterEach(async () => {
  for (const client of clients.splice(0)) void client[Symbol.asyncDispose]();
});
