/** Shows fresh credentials on a connection that stands. */

import type { Platform } from '../api.js';
import type { Clock } from './clock.js';
import { askToken, type CredentialsSource, question, type Token } from './dialing.js';
import type { Transport } from './transport.js';

export interface RenewingHost {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly credentials: CredentialsSource;
  url(transport: Transport): string;
  show(transport: Transport, token: Token): void;
  /** The application's source failed. */
  failed(error: unknown): void;
  /** There is another deadline. */
  settle(): void;
}

/** Asks for fresh credentials if it is time. */
export function renew(transport: Transport, host: RenewingHost): void {
  const { renewal } = transport;
  const { clock } = host;
  if (renewal === undefined || !transport.isOpen) return;
  if (renewal.isOverdue(clock.now())) renewal.failed(clock.now());
  if (!renewal.isDue(clock.now())) return;
  const asked = renewal.asks(clock.now());
  const isStale = (): boolean => transport.isLeft || transport.isClosing || !renewal.isAsking(asked);
  const request = question({ refreshCredentials: true, attempt: 0 }, host.url(transport), transport.signal);
  askToken(host.credentials, request, host.platform).then(
    (token) => {
      if (isStale()) return;
      if (token === undefined) {
        renewal.failed(clock.now());
      } else {
        renewal.lasts(clock.now(), token.lastsMs);
        host.show(transport, token);
      }
      host.settle();
    },
    (error: unknown) => {
      if (isStale()) return;
      renewal.failed(clock.now());
      host.settle();
      host.failed(error);
    },
  );
}
