/** What storage and tabs take from the browser, behind one interface that tests replace. */

import type { PlatformSignal } from '../api.js';

/** The browser's parts; what is `undefined` does not exist here. */
export interface StorageEnvironment {
  readonly indexedDB: IDBFactory | undefined;
  /** Web Locks: only in secure contexts. */
  readonly locks: LockManager | undefined;
  /** Opens a broadcast channel. */
  readonly broadcast: ((name: string) => BroadcastChannel) | undefined;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Calls `run` once after `delayMs`. Returns how to cancel it. */
  setTimer(delayMs: number, run: () => void): () => void;
  /** Calls `listener` for news of the page and its network. Returns how to stop it. */
  onSignal(listener: (signal: PlatformSignal) => void): () => void;
}

/** The globals, looked up now and not at import; `given` replaces some. */
export function environment(given: Partial<StorageEnvironment> = {}): StorageEnvironment {
  return {
    indexedDB: globalThis.indexedDB as IDBFactory | undefined,
    locks: (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined,
    broadcast: typeof BroadcastChannel === 'function' ? (name) => new BroadcastChannel(name) : undefined,
    wallClock: () => Date.now(),
    setTimer,
    onSignal: pageSignals,
    ...given,
  };
}

function setTimer(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** Listens to the page where there is one; a worker has a network and no page. */
function pageSignals(listener: (signal: PlatformSignal) => void): () => void {
  const stops: (() => void)[] = [];
  const on = (target: EventTarget | undefined, type: string, signal: () => PlatformSignal) => {
    if (typeof target?.addEventListener !== 'function') {
      return;
    }
    const handler = () => listener(signal());
    target.addEventListener(type, handler);
    stops.push(() => target.removeEventListener(type, handler));
  };
  const page = (globalThis as { document?: Document }).document;
  on(page, 'visibilitychange', () => (page?.visibilityState === 'hidden' ? 'hidden' : 'visible'));
  on(page, 'freeze', () => 'frozen');
  on(page, 'resume', () => 'resumed');
  for (const signal of ['online', 'offline', 'pagehide', 'pageshow'] as const) {
    on(globalThis as unknown as EventTarget, signal, () => signal);
  }
  return () => {
    for (const stop of stops.splice(0)) {
      stop();
    }
  };
}
