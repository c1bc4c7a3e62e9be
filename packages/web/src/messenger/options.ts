/** Options of the messenger's client, by the names they always had. */

import type { ClientOptions, ConnectionError, DropReason } from '../api.js';
import { socketUrl } from '../conversation/endpoint.js';
import type { Frame } from '../conversation/place.js';
import type { Settings } from '../engine/types.js';
import type { Rules } from '../options/check.js';
import * as check from '../options/check.js';
import type { WebSocketState } from './states.js';

/** What the messenger is told. Each is optional; one that throws harms nothing. */
export interface WsHandlers {
  /** A message, once; or any other frame that is not `typing`. */
  readonly onMessage?: ((payload: Frame) => void) | undefined;
  readonly onTyping?: ((conversationId: string, userId: string) => void) | undefined;
  /** The connection stands, at first or again. */
  readonly onOpen?: (() => void) | undefined;
  /** A connection that stood is gone. */
  readonly onClose?: (() => void) | undefined;
  /** What to tell the user: could not connect, lost, the server said no, gave up. */
  readonly onError?: ((error: ConnectionError) => void) | undefined;
  readonly onStateChange?: ((state: WebSocketState) => void) | undefined;
  /** A message will not be sent, and why; without this handler a line in the log says so. */
  readonly onDrop?: ((message: DroppedMessage) => void) | undefined;
}

export interface DroppedMessage {
  readonly type: string;
  readonly payload: unknown;
  /** How often it was handed to a connection. */
  readonly attempts: number;
  /** `in_doubt`: it was on its way when the connection was lost, and the server does not confirm messages. */
  readonly reason: DropReason | 'in_doubt';
}

export interface MessengerOptions {
  /** Attempts before it gives up. Default: 10. Range: 1 to 1000000, or Infinity. */
  readonly maxRetries?: number | undefined;
  /** Delay before the first attempt, in milliseconds. Default: 1000. Range: 0 to 900000. */
  readonly initialDelayMs?: number | undefined;
  /** Longest delay, in milliseconds. Default: 60000. Range: `initialDelayMs` to 900000. */
  readonly maxDelayMs?: number | undefined;
  /** Factor from one delay to the next. Default: 1.5. Range: 1 to 10. */
  readonly backoffMultiplier?: number | undefined;
  /** Whether each delay is multiplied by a random number from 0.5 to 1. Default: true. */
  readonly backoffJitter?: boolean | undefined;
  /** Time from one ping to the next, in milliseconds. Default: 30000. Range: 100 to 3600000. */
  readonly heartbeatIntervalMs?: number | undefined;
  /** Longest wait for the pong, in milliseconds. Default: 10000. Range: 50 to 600000. */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Most messages that wait for the connection; beyond that the oldest goes. Default: 100. Range: 1 to 4096. */
  readonly queueMax?: number | undefined;
  /** Most messages that {@link MessengerClient.getMessages} keeps, the newest. Default: 1000. Range: 0 to 1000000. */
  readonly messagesMax?: number | undefined;
  /**
   * Whether each attempt says in its URL (`after`, `epoch`, `events=ready`) where to go on, so that the server tells what
   * was missed. Default: true; servers that do not know these ignore them.
   */
  readonly resume?: boolean | undefined;
  /** Where REST requests go. Default: the server of the URL. */
  readonly apiBase?: string | undefined;
  /** Makes REST requests. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Where the lines for the console go; `false` for nowhere. Default: the console. Never a token or a text of a user. */
  readonly logger?: ClientOptions['logger'] | false;
  /** Asked for a token before each attempt, and for each REST request. */
  readonly credentials?: ClientOptions['credentials'];
  /** Settings of the engine that have no name here. They go before the options. */
  readonly settings?: Partial<Settings> | undefined;
  /** What the browser gives; for tests and other runtimes. */
  readonly platform?: ClientOptions['platform'];
}

const RULES: Rules<MessengerOptions> = {
  maxRetries: check.attempts(),
  initialDelayMs: check.integer(0, check.DELAY_MAX_MS, 'milliseconds'),
  maxDelayMs: check.integer(0, check.DELAY_MAX_MS, 'milliseconds'),
  backoffMultiplier: check.number(1, 10),
  backoffJitter: check.flag,
  heartbeatIntervalMs: check.integer(100, 3_600_000, 'milliseconds'),
  heartbeatTimeoutMs: check.integer(50, 600_000, 'milliseconds'),
  queueMax: check.integer(1, 4096, 'messages'),
  messagesMax: check.integer(0, 1_000_000, 'messages'),
  resume: check.flag,
  apiBase: check.text,
  fetch: check.callable,
  logger: check.logger,
  credentials: check.callable,
  settings: check.object,
  platform: check.object,
};

const HANDLER_RULES: Rules<WsHandlers> = {
  onMessage: check.callable,
  onTyping: check.callable,
  onOpen: check.callable,
  onClose: check.callable,
  onError: check.callable,
  onStateChange: check.callable,
  onDrop: check.callable,
};

/** Checks everything that a messenger is made of. Throws a `ConfigError`. */
export function checkMessenger(url: string, handlers: WsHandlers, options: MessengerOptions): URL {
  checkOptionsAndHandlers(handlers, options);
  const { initialDelayMs = 1000, maxDelayMs = 60_000 } = options;
  if (maxDelayMs < initialDelayMs) {
    const accepted = `\`initialDelayMs\` (${initialDelayMs}) to ${check.DELAY_MAX_MS} (milliseconds)`;
    throw check.optionError(OWNER, 'maxDelayMs', maxDelayMs, accepted);
  }
  const parsed = typeof url === 'string' ? socketUrl(url) : undefined;
  if (parsed === undefined) {
    throw check.optionError(OWNER, 'url', url, 'ws:// or wss://, a host, and ?conversation_id=…&user_id=…');
  }
  return parsed;
}

/** Says the options in the engine's words. */
export function engineSettings(options: MessengerOptions): Partial<Settings> {
  const { maxRetries = 10, initialDelayMs = 1000, maxDelayMs = 60_000, queueMax = QUEUE_MAX } = options;
  const { backoffMultiplier = 1.5, backoffJitter = true, heartbeatIntervalMs, heartbeatTimeoutMs } = options;
  return {
    attemptsMax: maxRetries === Number.POSITIVE_INFINITY ? false : maxRetries,
    backoffMinMs: initialDelayMs,
    backoffMaxMs: maxDelayMs,
    backoffMultiplier,
    jitter: backoffJitter ? 'scaled' : 'none',
    queueMessagesMax: queueMax,
    ...(heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs }),
    ...(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs }),
    ...options.settings,
  };
}

function checkOptionsAndHandlers(handlers: WsHandlers, options: MessengerOptions): void {
  check.checkOptions(`${OWNER} handlers`, handlers, HANDLER_RULES);
  check.checkOptions(OWNER, options, RULES);
}

const OWNER = 'MessengerClient';

/** Most messages that wait (M05). */
export const QUEUE_MAX = 100;
