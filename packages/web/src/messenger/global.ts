/** The page's messenger, within reach of its console. */

import { MessengerClient } from './client.js';
import type { MessengerOptions, WsHandlers } from './options.js';

let current: MessengerClient | undefined;

/**
 * Makes the page's messenger. The one before it is disconnected: a page looks at one conversation at a time.
 *
 * @throws ConfigError names the option that cannot be used, its value, and what is accepted.
 */
export function createWebSocketClient(url: string, handlers?: WsHandlers, options?: MessengerOptions): MessengerClient {
  const client = new MessengerClient(url, handlers, options);
  current?.disconnect();
  current = client;
  return client;
}

/** Returns what {@link createWebSocketClient} made last. */
export function getWebSocketClient(): MessengerClient | undefined {
  return current;
}
