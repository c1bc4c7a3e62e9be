/** Options of a {@link RoomsClient}. */

import type { ClientOptions, Start } from '../api.js';
import { socketUrl } from '../conversation/endpoint.js';
import type { Settings } from '../engine/types.js';
import type { Rules } from '../options/check.js';
import * as check from '../options/check.js';
import type { ReconnectionOptions } from './options.js';
import { ReconnectionManager } from './reconnection.js';

export interface RoomsOptions {
  /** Where the server is, such as `wss://chat.example/ws`; `http` and `https` count as `ws` and `wss`. */
  readonly url: string;
  /** How it comes back, and who is told. Default: one of its own. Not together with `reconnection`. */
  readonly manager?: ReconnectionManager | undefined;
  /** Options of a manager of its own. */
  readonly reconnection?: ReconnectionOptions | undefined;
  /** Who sends and types, where the server does not know it from a token. Default: nobody is named. */
  readonly userId?: string | undefined;
  /** Where a room is begun to be read. Default: `now`; with `cursors`, `stored`. */
  readonly from?: Start | undefined;
  /** Most messages of each room that `getMessages` keeps, the newest. Default: 500. Range: 0 to 100000. */
  readonly messagesMax?: number | undefined;
  /** Connects at once. Default: true. */
  readonly autoConnect?: boolean | undefined;
  readonly credentials?: ClientOptions['credentials'];
  /** Keeps what is sent until the server has it, across reloads. Default: none. */
  readonly outbox?: ClientOptions['outbox'];
  /** Keeps how far each room was read, across reloads. Default: none. */
  readonly cursors?: ClientOptions['cursors'];
  /** Default: none. Never a token or a text of a user. */
  readonly logger?: ClientOptions['logger'];
  /** Settings of the engine that have no name in the options of reconnection. They go before those. */
  readonly settings?: Partial<Settings> | undefined;
  /** What the browser gives; for tests and other runtimes. */
  readonly platform?: ClientOptions['platform'];
}

const RULES: Rules<RoomsOptions> = {
  url: check.text,
  manager: {
    accepted: 'a ReconnectionManager',
    accepts: (value) => value instanceof ReconnectionManager,
  },
  reconnection: check.object,
  userId: check.text,
  from: {
    accepted: "'now', 'beginning', 'stored', or a cursor { epoch, offset }",
    accepts: (value) => ['now', 'beginning', 'stored'].includes(value as string) || isCursor(value),
  },
  messagesMax: check.integer(0, 100_000, 'messages'),
  autoConnect: check.flag,
  credentials: check.callable,
  outbox: check.object,
  cursors: check.object,
  logger: check.logger,
  settings: check.object,
  platform: check.object,
};

/** Checks the options. Returns the URL of the socket. Throws a `ConfigError`. */
export function checkRooms(options: RoomsOptions): string {
  check.checkOptions(OWNER, options, RULES);
  if (options.manager !== undefined && options.reconnection !== undefined) {
    const accepted = 'nothing, where a `manager` is given: it has options of its own';
    throw check.optionError(OWNER, 'reconnection', options.reconnection, accepted);
  }
  const url = typeof options.url === 'string' ? socketUrl(options.url) : undefined;
  if (url === undefined) {
    const accepted = 'an address that begins with ws://, wss://, http:// or https://';
    throw check.optionError(OWNER, 'url', options.url, accepted);
  }
  return url.href;
}

/** The name of a room. Throws a `ConfigError`. */
export function checkRoom(room: string): void {
  if (typeof room !== 'string' || room === '') {
    throw check.optionError(OWNER, 'room', room, 'a text that is not empty');
  }
}

function isCursor(value: unknown): boolean {
  const { epoch, offset } = (value ?? {}) as { epoch?: unknown; offset?: unknown };
  return Number.isSafeInteger(epoch) && Number.isSafeInteger(offset);
}

const OWNER = 'RoomsClient';
