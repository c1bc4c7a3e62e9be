/** One page at a time: by a Web Lock, or where there are none by a lease in the store. */

import type { StorageEnvironment } from './environment.js';
import { LEASE_MS } from './limits.js';

/** A lease in a store. */
export interface Lease {
  lease(page: string, now: number, leaseMs: number): Promise<boolean>;
  unlease(page: string): Promise<void>;
}

/** What the one page may do, for as long as it is the one. */
export interface Turn {
  /** Whether it still is; asked before each step. */
  holds(): Promise<boolean>;
}

/**
 * Runs `work` while no other page does. With locks it waits for its turn until `signal` is aborted; with leases it gives
 * up where another page has one. Returns what `work` returned, or `undefined` where it had no turn.
 */
export async function exclusively<T>(
  name: string,
  page: string,
  environment: StorageEnvironment,
  lease: Lease,
  signal: AbortSignal,
  work: (turn: Turn) => Promise<T>,
): Promise<T | undefined> {
  const { locks } = environment;
  if (locks !== undefined) {
    const turn = { holds: () => Promise.resolve(!signal.aborted) };
    try {
      return await locks.request(name, { signal }, () => work(turn));
    } catch (error) {
      if (signal.aborted) {
        return undefined;
      }
      throw error;
    }
  }
  const holds = async () => !signal.aborted && (await lease.lease(page, environment.wallClock(), LEASE_MS));
  if (!(await holds())) {
    return undefined;
  }
  try {
    return await work({ holds });
  } finally {
    await lease.unlease(page);
  }
}
