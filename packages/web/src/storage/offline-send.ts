/** How an offline queue delivers by itself: to our server's REST endpoint. */

import type { OfflineMessage } from './offline-message.js';

/**
 * Delivers one message, and resolves once the other side has confirmed that it has it.
 *
 * Called again for the same message when it is not known what became of it: the other side must know a second copy by
 * the message's `id`. An {@link OfflineRefusal} says that it will never be taken; any other error means later.
 */
export type OfflineSend = (message: OfflineMessage, signal: AbortSignal) => Promise<void>;

/** The other side will never take this message. */
export class OfflineRefusal extends Error {
  override readonly name = 'OfflineRefusal';
  /** Its status, such as an HTTP status. */
  readonly status: number;

  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

/** Where messages go. */
export interface RestOptions {
  /** Where the server answers, such as `https://chat.example`; what follows in the path is kept. */
  readonly url: string;
  /** Asked before each message; goes into `Authorization: Bearer`. Default: no token. */
  readonly token?: (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Longest wait for an answer, in milliseconds. Default: 20000. */
  readonly timeoutMs?: number | undefined;
  /** Default: the global. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/**
 * Makes a function that posts a message to `/conversations/{id}/messages`, with its id as the idempotency key.
 *
 * What the server says about the message itself (400, 404, 409, 413, 422) is a refusal; everything else, credentials
 * included, may change and is tried again.
 */
export function restSend(options: RestOptions): OfflineSend {
  const { url, token, timeoutMs = 20_000, fetch = globalThis.fetch } = options;
  const base = url.replace(/\/+$/, '');
  return async (message, signal) => {
    const bearer = await token?.();
    const response = await limited(signal, timeoutMs, (limit) =>
      fetch(`${base}/conversations/${encodeURIComponent(message.conversationId)}/messages`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': message.id,
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ id: message.id, sender_id: message.userId, plaintext: message.plaintext }),
        signal: limit,
      }),
    );
    if (!response.ok) {
      const why = await reason(response);
      throw REFUSALS.has(response.status) ? new OfflineRefusal(response.status, why) : new Error(why);
    }
    await response.body?.cancel();
  };
}

/** `AbortSignal.any` is younger than the browsers that should be able to use this. */
async function limited<T>(
  signal: AbortSignal,
  timeoutMs: number,
  run: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  const timer = setTimeout(
    () => limit.abort(new DOMException(`no answer in ${timeoutMs} ms`, 'TimeoutError')),
    timeoutMs,
  );
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    return await run(limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** A problem document says what is wrong; a proxy's page does not matter. */
async function reason(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    const { title, detail } = JSON.parse(text) as { title?: unknown; detail?: unknown };
    const words = [title, detail].filter((word) => typeof word === 'string').join(': ');
    return words === '' ? `status ${response.status}` : words.slice(0, 512);
  } catch {
    return `status ${response.status}`;
  }
}

const REFUSALS: ReadonlySet<number> = new Set([400, 404, 409, 413, 422]);
