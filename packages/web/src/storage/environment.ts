/** What storage and tabs take from the browser, behind one interface that tests replace. */

import type { PlatformSignal } from '../api.js';
import { browserPlatform } from '../platform/index.js';

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
  const { wallClock, onSignal } = browserPlatform();
  return {
    indexedDB: globalThis.indexedDB as IDBFactory | undefined,
    locks: (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined,
    broadcast: typeof BroadcastChannel === 'function' ? (name) => new BroadcastChannel(name) : undefined,
    wallClock,
    setTimer,
    onSignal,
    ...given,
  };
}

function setTimer(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
