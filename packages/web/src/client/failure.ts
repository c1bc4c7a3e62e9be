/** The engine's failures in the words of those who use a page (M11). */

import type { ConnectionError } from '../api.js';
import type { Failure } from '../engine/types.js';

/** An error of a connection; also what `connect()` rejects with. */
export class ConnectionFailure extends Error implements ConnectionError {
  override readonly name = 'ConnectionFailure';
  readonly kind: ConnectionError['kind'];
  override readonly cause: string;
  readonly code: number | undefined;
  readonly retrying: boolean;
  readonly at: number;

  constructor(moment: Moment, failure: Failure, detail: string | undefined, at: number) {
    const { cause } = failure;
    const code = 'code' in cause ? cause.code : undefined;
    const kind = moment === 'gave_up' ? moment : isRefusal(code) ? 'server_error' : moment;
    super(
      `${WORDS[kind]}${kind === 'server_error' || detail !== undefined ? `: ${detail ?? `code ${code}`}` : ''}`,
    );
    this.kind = kind;
    this.cause = cause.type;
    this.code = code;
    this.retrying = moment !== 'gave_up';
    this.at = at;
  }
}

/** When it failed. */
export type Moment = 'connection_error' | 'connection_lost' | 'gave_up';

/** Whether the server said no: policy, trouble of its own, or a code of the protocol or an application. */
function isRefusal(code: number | undefined): boolean {
  return (
    code !== undefined && (code === 1008 || code === 1011 || code === 1013 || code >= 4000 || code < 1000)
  );
}

const WORDS: Record<ConnectionError['kind'], string> = {
  connection_error: 'Could not connect, trying again',
  connection_lost: 'Connection lost, reconnecting',
  server_error: 'The server refused',
  gave_up: 'Could not connect, gave up',
};
