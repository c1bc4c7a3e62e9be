/** Messages by REST: the server stores them, and then tells everybody. */

import type { ClientOptions, Json } from '../api.js';
import type { Frame } from '../conversation/place.js';

export interface PersistOptions {
  readonly base: string;
  readonly conversation: string;
  readonly fetch: typeof globalThis.fetch;
  readonly credentials: ClientOptions['credentials'];
}

/** The server did not store a message. */
export class PersistError extends Error {
  override readonly name = 'PersistError';

  constructor(
    message: string,
    /** What HTTP said; undefined when there was no answer: then it may be stored or not, and the same `id` may go again. */
    readonly status: number | undefined,
    /** Names the message, to send it again. */
    readonly id: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What is stored. */
export type PersistedFields = { readonly [key: string]: Json };

/**
 * Has the server store a message; sent again with the same `id` it is stored once.
 *
 * Returns the stored message, with its `sequence_number`.
 *
 * @throws PersistError with what the server said, or that it did not answer.
 */
export async function persist(
  options: PersistOptions,
  id: string,
  fields: PersistedFields,
  signal?: AbortSignal,
): Promise<Frame> {
  const url = `${options.base}/conversations/${encodeURIComponent(options.conversation)}/messages`;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const token = await options.credentials?.({
    refresh: false,
    attempt: 0,
    url,
    signal: signal ?? new AbortController().signal,
  });
  if (token !== undefined) {
    headers['authorization'] = `Bearer ${token.token}`;
  }
  const body = JSON.stringify({ ...fields, id });
  let response: Response;
  try {
    response = await options.fetch(url, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    throw new PersistError('the server did not answer', undefined, id, { cause });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  const isObject = typeof answer === 'object' && answer !== null;
  if (!response.ok || !isObject) {
    const { title, detail } = (isObject ? answer : {}) as { title?: unknown; detail?: unknown };
    const why = [title, detail].filter((text) => typeof text === 'string').join(': ');
    throw new PersistError(`the server answered ${response.status}${why === '' ? '' : `: ${why}`}`, response.status, id);
  }
  return answer as Frame;
}
