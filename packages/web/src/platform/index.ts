/** What the browser gives. Every global is looked up when it is needed: nothing is touched at import. */

import type { Platform, PlatformSignal, SocketLike } from '../api.js';

/** Returns the platform of this runtime, with parts of it replaced. Works without a window or a document. */
export function browserPlatform(replaced: Partial<Platform> = {}): Platform {
  return { now, wallClock: () => Date.now(), setTimer, openSocket, random, isOnline, onSignal, ...replaced };
}

function now(): number {
  return globalThis.performance.now();
}

function setTimer(at: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    const left = at - now();
    // A longer delay than that would fire at once.
    timer =
      left > TIMEOUT_MAX_MS
        ? setTimeout(wait, TIMEOUT_MAX_MS)
        : setTimeout(run, Math.max(0, Math.ceil(left)));
  };
  wait();
  return () => clearTimeout(timer);
}

function openSocket(url: string, protocols: readonly string[]): SocketLike {
  if (typeof globalThis.WebSocket !== 'function') {
    throw new TypeError('platform: this runtime has no WebSocket; give one by `platform.openSocket`');
  }
  return new globalThis.WebSocket(url, [...protocols]);
}

function random(): number {
  const { crypto } = globalThis;
  // React Native has none; the names made of it need no secrecy.
  if (typeof crypto?.getRandomValues !== 'function') return Math.floor(Math.random() * 2 ** 32);
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}

function isOnline(): boolean {
  return globalThis.navigator?.onLine ?? true;
}

/**
 * `pagehide` and `pageshow` are told only for a page that goes to the back/forward cache and returns from it: one that
 * is left for good needs nothing.
 */
function onSignal(listener: (signal: PlatformSignal) => void): () => void {
  const stops: (() => void)[] = [];
  const on = (
    target: Listened | undefined,
    type: string,
    tell: (event: Event) => PlatformSignal | undefined,
  ): void => {
    if (typeof target?.addEventListener !== 'function') return;
    const heard = (event: Event): void => {
      const signal = tell(event);
      if (signal !== undefined) listener(signal);
    };
    target.addEventListener(type, heard);
    stops.push(() => target.removeEventListener(type, heard));
  };
  const cached = (signal: PlatformSignal) => (event: Event) =>
    (event as PageTransitionEvent).persisted ? signal : undefined;
  const { document } = globalThis;
  const page =
    typeof globalThis.addEventListener === 'function' ? (globalThis as unknown as Listened) : undefined;
  on(page, 'online', () => 'online');
  on(page, 'offline', () => 'offline');
  on(page, 'pagehide', cached('pagehide'));
  on(page, 'pageshow', cached('pageshow'));
  on(document, 'visibilitychange', () => (document.visibilityState === 'hidden' ? 'hidden' : 'visible'));
  on(document, 'freeze', () => 'frozen');
  on(document, 'resume', () => 'resumed');
  on(
    (globalThis.navigator as NavigatorWithConnection | undefined)?.connection,
    'change',
    () => 'networkchange',
  );
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}

type Listened = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** The Network Information API, where there is one. */
type NavigatorWithConnection = Navigator & { readonly connection?: Listened };

/** Longest delay of `setTimeout`: 31 bits of milliseconds. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
