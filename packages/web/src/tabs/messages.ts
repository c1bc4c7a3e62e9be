/** What tabs say to each other. Anybody of this origin can say anything: what is not understood is left alone. */

import type { ConnectionError, ConnectionSnapshot } from '../api.js';

/** What a tab may know of the leader's connection. */
export type LeaderStatus = Pick<
  ConnectionSnapshot,
  'state' | 'attempts' | 'nextAttemptAt' | 'latencyMs' | 'quality' | 'lastError'
>;

/** To all. */
export type LobbyMessage =
  /** A tab wants to be served. `link` names a broadcast channel of its own, and a lock that it holds while it lives. */
  | { readonly type: 'open'; readonly link: string }
  /** Who leads? */
  | { readonly type: 'who' }
  /** The application of a tab wants a connection: a new one (`always`), or one again if it was given up. */
  | { readonly type: 'retry'; readonly always: boolean }
  /** The sender leads, and this is how its connection is. */
  | { readonly type: 'lead'; readonly leader: string; readonly status: LeaderStatus };

/** From a tab to its leader. */
export type UpMessage =
  | { readonly type: 'frame'; readonly text: string }
  | { readonly type: 'taken'; readonly frames: number }
  | { readonly type: 'close' };

/** From a leader to a tab. */
export type DownMessage =
  /** The tab was heard; it is served once the connection stands. */
  | { readonly type: 'wait' }
  | { readonly type: 'opened' }
  | { readonly type: 'frame'; readonly text: string }
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

export function asLobbyMessage(data: unknown): LobbyMessage | undefined {
  const message = fields(data);
  switch (message?.type) {
    case 'open':
      return isName(message.link) ? { type: 'open', link: message.link } : undefined;
    case 'who':
      return { type: 'who' };
    case 'retry':
      return typeof message.always === 'boolean' ? { type: 'retry', always: message.always } : undefined;
    case 'lead': {
      const status = asStatus(message.status);
      return isName(message.leader) && status !== undefined
        ? { type: 'lead', leader: message.leader, status }
        : undefined;
    }
    default:
      return undefined;
  }
}

export function asUpMessage(data: unknown): UpMessage | undefined {
  const message = fields(data);
  switch (message?.type) {
    case 'frame':
      return typeof message.text === 'string' ? { type: 'frame', text: message.text } : undefined;
    case 'taken':
      return isCount(message.frames) ? { type: 'taken', frames: message.frames } : undefined;
    case 'close':
      return { type: 'close' };
    default:
      return undefined;
  }
}

export function asDownMessage(data: unknown): DownMessage | undefined {
  const message = fields(data);
  switch (message?.type) {
    case 'wait':
    case 'opened':
      return { type: message.type };
    case 'frame':
      return typeof message.text === 'string' ? { type: 'frame', text: message.text } : undefined;
    case 'close': {
      const { code, reason } = message;
      const isSound = isCount(code) && code >= 1000 && code <= 4999 && typeof reason === 'string';
      return isSound ? { type: 'close', code, reason } : undefined;
    }
    default:
      return undefined;
  }
}

function asStatus(value: unknown): LeaderStatus | undefined {
  const status = fields(value);
  if (status === undefined || !isOneOf(status.state, STATES) || !isOneOf(status.quality, QUALITIES)) {
    return undefined;
  }
  const { attempts, nextAttemptAt, latencyMs } = status;
  const lastError = asError(status.lastError);
  if (
    !isCount(attempts) ||
    !isTime(nextAttemptAt) ||
    !isTime(latencyMs) ||
    (lastError === undefined && status.lastError !== undefined)
  ) {
    return undefined;
  }
  return Object.freeze({
    state: status.state,
    quality: status.quality,
    attempts,
    nextAttemptAt,
    latencyMs,
    lastError,
  });
}

function asError(value: unknown): ConnectionError | undefined {
  const error = fields(value);
  if (error === undefined || !isOneOf(error.kind, KINDS)) {
    return undefined;
  }
  const { kind, message, cause, code, retrying, at } = error;
  const isSound =
    typeof message === 'string' &&
    typeof cause === 'string' &&
    isTime(code) &&
    typeof retrying === 'boolean' &&
    typeof at === 'number';
  return isSound ? Object.freeze({ kind, message, cause, code, retrying, at }) : undefined;
}

function fields(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
}

function isOneOf<T extends string>(value: unknown, words: readonly T[]): value is T {
  return (words as readonly unknown[]).includes(value);
}

const STATES = ['closed', 'connecting', 'connected', 'disconnected', 'reconnecting', 'error'] as const;
const QUALITIES = ['excellent', 'good', 'poor', 'unusable'] as const;
const KINDS = ['connection_error', 'connection_lost', 'server_error', 'gave_up'] as const;
