/** Questions for pages of a channel's history. */

import type { HistoryPage, Payload } from '../api.js';
import type { Body } from '../driver/speech.js';
import type { Details } from '../driver/v1-speech.js';
import { ConfigError, EngineError } from '../engine/index.js';
import type { Page, ReadFailure } from '../engine/types.js';
import { LogMessage } from './reader.js';

/** A page that did not come; ask again. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';

  constructor(
    /** `refused` by the server, `lost` with the connection, `timedOut`, or `closed`: the client is. */
    readonly reason: ReadFailure['type'] | 'closed',
    readonly code: number | undefined,
    why: string,
  ) {
    super(`history: ${reason}${code === undefined ? '' : ` (${code})`}${why === '' ? '' : `: ${why}`}`);
  }
}

export interface HistoryOptions {
  readonly after?: number;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

interface Waiting {
  resolve(page: HistoryPage): void;
  reject(error: unknown): void;
}

export class History {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  /** Asks by `ask`, which may throw. */
  read(
    options: HistoryOptions,
    ask: (request: number, after: number, limit: number) => void,
  ): Promise<HistoryPage> {
    const after = within('after', options.after ?? 0, 0, Number.MAX_SAFE_INTEGER);
    const limit = within('limit', options.limit ?? 100, 1, LIMIT_MAX);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      this.last = (this.last + 1) >>> 0;
      const request = this.last;
      const aborted = (): void => this.take(request)?.reject(signal?.reason);
      const over = (): void => signal?.removeEventListener('abort', aborted);
      this.waiting.set(request, {
        resolve: (page) => {
          over();
          resolve(page);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
      signal?.addEventListener('abort', aborted);
      try {
        ask(request, after, limit);
      } catch (error) {
        // Not connected, or too many at once.
        const isRefused = error instanceof EngineError;
        this.take(request)?.reject(isRefused ? new HistoryError('lost', undefined, error.message) : error);
      }
    });
  }

  /** A page came. */
  paged(
    channel: string,
    request: number,
    page: Page<Body>,
    details: readonly Details[],
    isOwn: (producer: string) => boolean,
  ): void {
    const { epoch, first, head } = page;
    const messages = page.messages.map(({ offset, origin, payload }, at) => {
      const { producer, id, user, at: time } = details[at] as Details;
      const { sequence } = origin;
      return new LogMessage({
        channel,
        epoch,
        offset,
        id: id ?? `${producer}/${sequence}`,
        producer,
        sequence,
        user,
        at: time,
        payload: payload as Payload,
        own: isOwn(producer),
        replayed: true,
      });
    });
    const last = messages[messages.length - 1]?.offset ?? head;
    this.take(request)?.resolve({ epoch, first, head, messages, next: last < head ? last : undefined });
  }

  failed(request: number, why: ReadFailure, words: string): void {
    const code = why.type === 'refused' ? why.code : undefined;
    this.take(request)?.reject(new HistoryError(why.type, code, words));
  }

  close(): void {
    for (const request of [...this.waiting.keys()]) {
      this.take(request)?.reject(new HistoryError('closed', undefined, 'the client was closed'));
    }
  }

  private take(request: number): Waiting | undefined {
    const waiting = this.waiting.get(request);
    this.waiting.delete(request);
    return waiting;
  }
}

/** Returns a whole number in its range; another one throws. */
export function within(key: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ConfigError(key, `${key}: found ${String(value)}; accepted: whole number, ${min} to ${max}`);
}

const LIMIT_MAX = 256;
