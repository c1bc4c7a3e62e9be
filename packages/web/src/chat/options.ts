/** Options of the chat page's managers, by the names they always had. */

import type { ClientOptions, OutboxStore } from '../api.js';
import type { Settings } from '../engine/types.js';
import { ConfigError } from '../engine/errors.js';
import { pageAddress, socketUrl } from '../conversation/endpoint.js';
import type { Rules } from '../options/check.js';
import * as check from '../options/check.js';

/** What both managers can be told. */
export interface WebSocketManagerOptions {
  /** Attempts before it gives up (`connection_failed`). Default: 5. Range: 1 to 1000000, or Infinity. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Delay before the first attempt, in milliseconds; each further one doubles it. Default: 1000. Range: 0 to 900000. */
  readonly reconnectDelay?: number | undefined;
  /** Time from one ping to the next, in milliseconds. Default: 30000. Range: 100 to 3600000. */
  readonly pingInterval?: number | undefined;
  /** Longest wait for the pong, in milliseconds. Default: 10000. Range: 50 to 600000. */
  readonly pongTimeout?: number | undefined;
  /**
   * Where the server is, such as `wss://chat.example`; a path in it goes before `/ws/…`. Default: where the page comes from.
   */
  readonly baseUrl?: string | undefined;
  /** Where the lines for the console go; `false` for nowhere. Default: the console. Never a token or a text of a user. */
  readonly logger?: ClientOptions['logger'] | false;
  /** Asked for a token before each attempt. */
  readonly credentials?: ClientOptions['credentials'];
  /** Settings of the engine that have no name here. They go before the options. */
  readonly settings?: Partial<Settings> | undefined;
  /** What the browser gives; for tests and other runtimes. */
  readonly platform?: ClientOptions['platform'];
}

export interface ChatWebSocketOptions extends WebSocketManagerOptions {
  /** Whether messages that are sent while the connection is away wait for it. Default: false: `sendMessage` returns false. */
  readonly queueing?: boolean | undefined;
  /** Most messages that wait; one more is not taken. Default: 100. Range: 1 to 4096. */
  readonly queueMax?: number | undefined;
  /** Keeps the queue across reloads of the page, such as `indexedDbOutbox('chat')`. Needs `queueing`. Default: none. */
  readonly outbox?: OutboxStore | undefined;
  /** How many messages of the past are told at the first connection. Default: 0. Range: 0 to 1000. */
  readonly history?: number | undefined;
}

export interface StatusWebSocketOptions extends WebSocketManagerOptions {
  /** When thinking that does not end is taken for stuck, in milliseconds. Default: 30000. Range: 100 to 3600000. */
  readonly staleTimeoutDuration?: number | undefined;
  /** When extraction that does not end is taken for stuck, in milliseconds. Default: 60000. Range: 100 to 3600000. */
  readonly extractionStaleTimeout?: number | undefined;
}

const SHARED: Rules<WebSocketManagerOptions> = {
  maxReconnectAttempts: check.attempts(),
  reconnectDelay: check.integer(0, check.DELAY_MAX_MS, 'milliseconds'),
  pingInterval: check.integer(100, 3_600_000, 'milliseconds'),
  pongTimeout: check.integer(50, 600_000, 'milliseconds'),
  baseUrl: check.text,
  logger: check.logger,
  credentials: check.callable,
  settings: check.object,
  platform: check.object,
};

export const CHAT_RULES: Rules<ChatWebSocketOptions> = {
  ...SHARED,
  queueing: check.flag,
  queueMax: check.integer(1, 4096, 'messages'),
  outbox: check.object,
  history: check.integer(0, 1000, 'messages'),
};

export const STATUS_RULES: Rules<StatusWebSocketOptions> = {
  ...SHARED,
  staleTimeoutDuration: check.integer(100, 3_600_000, 'milliseconds'),
  extractionStaleTimeout: check.integer(100, 3_600_000, 'milliseconds'),
};

/** Says the options in the engine's words. */
export function engineSettings(options: WebSocketManagerOptions): Partial<Settings> {
  const { maxReconnectAttempts = 5, reconnectDelay = 1000, pingInterval, pongTimeout } = options;
  const last = reconnectDelay * 2 ** Math.min(maxReconnectAttempts - 1, 20);
  return {
    attemptsMax: maxReconnectAttempts === Number.POSITIVE_INFINITY ? false : maxReconnectAttempts,
    backoffMinMs: reconnectDelay,
    backoffMaxMs: Math.min(last, check.DELAY_MAX_MS),
    ...(pingInterval === undefined ? {} : { heartbeatIntervalMs: pingInterval }),
    ...(pongTimeout === undefined ? {} : { heartbeatTimeoutMs: pongTimeout }),
    // For what a stalled socket does not take at once; what waits for a connection is not with the engine.
    queue: true,
    ...options.settings,
  };
}

/**
 * Makes the URL of a conversation's socket.
 *
 * @throws ConfigError when the base is no address of a server, or the conversation cannot stand in a path.
 */
export function managerUrl(owner: string, baseUrl: string | undefined, kind: string, conversation: string): string {
  if (typeof conversation !== 'string' || conversation === '') {
    throw check.optionError(owner, 'conversationId', conversation, 'a text that is not empty');
  }
  const page = pageAddress();
  if (baseUrl === undefined && page === undefined) {
    throw new ConfigError('baseUrl', `${owner}: \`baseUrl\` is missing, and there is no page to take it from; accepted: ${BASE}`);
  }
  const url = baseUrl === undefined ? socketUrl('/', page) : socketUrl(baseUrl, page);
  if (url === undefined) {
    throw check.optionError(owner, 'baseUrl', baseUrl ?? page, BASE);
  }
  url.search = '';
  url.hash = '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/ws/${kind}/${encodeURIComponent(conversation)}/`;
  return url.href;
}

const BASE = 'an address that begins with ws://, wss://, http:// or https://';
