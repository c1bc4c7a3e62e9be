/** From what an application asks for to what the driver needs: checked once, then trusted. */

import type { ClientOptions, Platform } from '../api.js';
import { plainSpeech } from '../driver/plain-speech.js';
import type { Body, Speech } from '../driver/speech.js';
import { V1Speech } from '../driver/v1-speech.js';
import { ConfigError, createEngine, type Engine } from '../engine/index.js';
import type { Profile, Settings } from '../engine/types.js';

export type Dialect = NonNullable<ClientOptions['dialect']>;

/** What a client is made of. */
export interface Parts {
  readonly urls: readonly string[];
  readonly dialect: Dialect;
  readonly speech: Speech;
  /** The same, where the peer has logs. */
  readonly v1: V1Speech | undefined;
  readonly engine: Engine<Body>;
}

/** Checks options; one that cannot be used throws a `ConfigError` that names it. */
export function assemble(url: string | URL, options: ClientOptions, platform: Platform): Parts {
  const urls = [url, ...(options.urls ?? [])].map((one) => endpoint(one));
  const dialect = dialectOf(options);
  if (dialect !== 'everlink' && (options.outbox ?? options.cursors) !== undefined) {
    const key = options.outbox === undefined ? 'cursors' : 'outbox';
    throw new ConfigError(
      key,
      `${key}: dialect ${dialect} numbers no messages; accepted: only with dialect everlink`,
    );
  }
  const v1 = dialect === 'everlink' ? new V1Speech(platform.random, FRAME_BYTES_MAX) : undefined;
  const engine = createEngine<Body>({
    profile: options.profile ?? 'standard',
    dialect,
    settings: settingsOf(options.settings, dialect),
    endpoints: urls.length,
    credentials: options.credentials !== undefined,
    seed: platform.random() >>> 0,
    verdicts: options.verdicts,
  });
  const speech = v1 ?? plainSpeech(dialect as 'plain' | 'json', options.protocols ?? []);
  return { urls, dialect, speech, v1, engine };
}

/** Returns a URL as it may be shown: without credentials and query. */
export function shown(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function endpoint(given: string | URL): string {
  let url: URL | undefined;
  try {
    url = new URL(given, globalThis.location?.href);
  } catch {
    // Told below.
  }
  if (url === undefined || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new ConfigError(
      'url',
      `url: found ${String(given).split('?')[0]}; accepted: a URL with ws, wss, http or https`,
    );
  }
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  return url.href;
}

function dialectOf({ dialect, profile = 'standard' }: ClientOptions): Dialect {
  const found = dialect ?? DIALECTS[profile];
  if (found === 'everlink' || found === 'json' || found === 'plain') return found;
  const own = dialect === undefined ? `profile ${profile} has none of them` : `found ${String(dialect)}`;
  throw new ConfigError('dialect', `dialect: ${own}; accepted: everlink, json, plain`);
}

function settingsOf(
  settings: Partial<Settings> | undefined,
  dialect: Dialect,
): Partial<Settings> | undefined {
  if (settings?.heartbeat === 'protocol') {
    throw new ConfigError(
      'heartbeat',
      'heartbeat: found protocol; accepted: auto, application, none: a page cannot send pings of the protocol',
    );
  }
  // Dialect `plain` has no other pings: the browser answers for itself, and nobody can ask.
  if (dialect !== 'plain' || (settings?.heartbeat ?? 'auto') !== 'auto') return settings;
  return { ...settings, heartbeat: 'none' };
}

/** What the peers of each profile speak, as far as a page can. */
const DIALECTS: Partial<Record<Profile, Dialect>> = {
  standard: 'everlink',
  rooms: 'plain',
  chatPage: 'json',
  messenger: 'json',
};

/** Largest frame that is taken in, in bytes. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;
