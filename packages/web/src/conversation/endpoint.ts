/** URLs of conversations. */

import type { Place } from './place.js';

/**
 * Says in a URL where to go on, and asks the server to tell where it is. Servers of others ignore both.
 *
 * `replay` is how many messages are told first while there is no place yet; undefined: as the server likes.
 */
export function urlAt(url: string, place: Place | undefined, replay: number | undefined): string {
  const at = new URL(url);
  const events = new Set((at.searchParams.get('events') ?? '').split(',').filter((name) => name !== ''));
  at.searchParams.set('events', [...events.add('ready')].join(','));
  if (place !== undefined) {
    at.searchParams.delete('replay');
    at.searchParams.set('after', String(place.after));
    if (place.epoch !== undefined) {
      at.searchParams.set('epoch', String(place.epoch));
    }
  } else if (replay !== undefined && !at.searchParams.has('after')) {
    at.searchParams.set('replay', String(replay));
  }
  return at.href;
}

/** Returns a URL without its query, for lines that people read. */
export function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** Makes a WebSocket URL of an address that may be one of HTTP; undefined where it is no such address. */
export function socketUrl(address: string, base?: string): URL | undefined {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    return undefined;
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    return undefined;
  }
  url.protocol = scheme;
  return url;
}

/** Makes the address of the same server's REST endpoints. */
export function restOrigin(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol === 'wss:' || protocol === 'https:' ? 'https' : 'http'}://${host}`;
}

/** The address of the page, where there is one. */
export function pageAddress(): string | undefined {
  const { location } = globalThis as { location?: { href?: string } };
  return location?.href;
}

const SCHEMES = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
]);
