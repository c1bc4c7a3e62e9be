/** From a dial to an open socket: credentials first. */

import type { Credentials, CredentialsRequest, Platform } from '../api.js';
import { isLonger } from '../codec/text.js';
import { TOKEN_BYTES_MAX } from '../codec/v1/frames.js';
import type { Dial } from '../engine/types.js';
import { jwtEnd } from './renewal.js';

/** The application's source of credentials. */
export type CredentialsSource = (
  request: CredentialsRequest,
) => Credentials | undefined | Promise<Credentials | undefined>;

/** A token, and how long it lasts where that is known. */
export interface Token {
  readonly text: string;
  readonly lastsMs: number | undefined;
}

/** Asks the application; whatever it throws or returns becomes a rejection that names what is wrong, never the token. */
export async function askToken(
  source: CredentialsSource,
  request: CredentialsRequest,
  platform: Platform,
): Promise<Token | undefined> {
  const credentials = await source(request);
  if (credentials === undefined || credentials === null) return undefined;
  const { token, expiresAt } = credentials;
  if (typeof token !== 'string' || token === '' || isLonger(token, TOKEN_BYTES_MAX)) {
    const found = typeof token === 'string' ? `${token.length} characters` : typeof token;
    throw new TypeError(
      `credentials: token: found ${found}; accepted: a text of 1 to ${TOKEN_BYTES_MAX} bytes`,
    );
  }
  const end = expiresAt ?? jwtEnd(token);
  const lastsMs = end === undefined ? undefined : Math.max(0, end - platform.wallClock());
  return { text: token, lastsMs: Number.isFinite(lastsMs) ? lastsMs : undefined };
}

/** Returns what the application is asked. */
export function question(
  dial: Pick<Dial, 'refreshCredentials' | 'attempt'>,
  url: string,
  signal: AbortSignal,
): CredentialsRequest {
  return { refresh: dial.refreshCredentials, attempt: dial.attempt, url, signal };
}
