/** The steps of a connection for a log: states, causes and numbers; never a token, a query or a payload. */

import type { Logger } from '../api.js';
import type { Event, Failure } from '../engine/types.js';

export function logEvent(
  logger: Logger | undefined,
  name: string,
  event: Event<unknown>,
  detail: string | undefined,
): void {
  if (logger === undefined) return;
  switch (event.type) {
    case 'connected':
      logger.info(`${name}: connected`, { guarantee: event.guarantee });
      break;
    case 'reconnected':
      logger.info(`${name}: back`, { attempts: event.attempts, downtimeMs: event.downtimeMs });
      break;
    case 'reconnecting':
      logger.info(`${name}: reconnecting`, { attempt: event.attempt, delayMs: event.delayMs });
      break;
    case 'disconnected':
      logger.warn(`${name}: lost`, { ...causeOf(event.failure), detail, uptimeMs: event.uptimeMs });
      break;
    case 'attemptFailed':
      logger.warn(`${name}: attempt failed`, { ...causeOf(event.failure), detail, attempt: event.attempt });
      break;
    case 'reconnectFailed':
      logger.error(`${name}: gave up`, { ...causeOf(event.failure), attempts: event.attempts });
      break;
    case 'stateChanged':
      logger.debug(`${name}: ${event.from} to ${event.to}`);
      break;
    case 'away':
      logger.info(`${name}: the server asks for a move`, { slotMs: event.slotMs });
      break;
    case 'moved':
      logger.info(`${name}: moved without a gap`);
      break;
    case 'gap':
      logger.warn(`${name}: gap`, { from: event.from, to: event.to, cause: event.cause });
      break;
    case 'inDoubt':
    case 'maybeDoubled':
      logger.warn(`${name}: messages ${event.type === 'inDoubt' ? 'in doubt' : 'maybe doubled'}`, {
        first: event.first,
        last: event.last,
      });
      break;
    default:
      break;
  }
}

function causeOf({ cause }: Failure): Record<string, unknown> {
  return 'code' in cause ? { cause: cause.type, code: cause.code } : { cause: cause.type };
}
