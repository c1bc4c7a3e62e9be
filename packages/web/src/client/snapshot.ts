/** What a page looks at: replaced when something in it changed, and only then. */

import type { ConnectionError, ConnectionSnapshot } from '../api.js';
import type { ConnectionInfo } from '../engine/types.js';

/** What snapshots are made of. */
export interface SnapshotSource {
  info(): ConnectionInfo & { readonly url: string };
  wallClock(): number;
  lastError(): ConnectionError | undefined;
  failed(error: unknown): void;
}

export class Snapshots {
  private readonly listeners = new Set<() => void>();
  private current: ConnectionSnapshot;
  /** What the listeners were told of last. */
  private told: ConnectionSnapshot;
  private isStale = false;
  private isPlanned = false;

  constructor(private readonly source: SnapshotSource) {
    this.current = this.take(undefined);
    this.told = this.current;
  }

  get(): ConnectionSnapshot {
    if (this.isStale) {
      this.isStale = false;
      const next = this.take(this.current);
      if (!isSame(this.current, next)) this.current = next;
    }
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  /** Something in it may have changed; listeners hear of it once this task is done. */
  changed(): void {
    this.isStale = true;
    if (this.isPlanned || this.listeners.size === 0) return;
    this.isPlanned = true;
    queueMicrotask(() => this.tell());
  }

  private tell(): void {
    this.isPlanned = false;
    const current = this.get();
    if (current === this.told) return;
    this.told = current;
    for (const listener of [...this.listeners]) {
      try {
        listener();
      } catch (error) {
        this.source.failed(error);
      }
    }
  }

  private take(before: ConnectionSnapshot | undefined): ConnectionSnapshot {
    const info = this.source.info();
    const wall = this.source.wallClock();
    const { state } = info;
    const next = info.nextAttemptMs === undefined ? undefined : Math.round(wall + info.nextAttemptMs);
    const since = state === 'connected' ? Math.round(wall - info.connectedForMs) : undefined;
    return Object.freeze({
      state,
      isConnected: state === 'connected',
      isReconnecting: state === 'reconnecting' || state === 'disconnected',
      attempts: info.attempts,
      nextAttemptAt: steady(before?.nextAttemptAt, next),
      // The time of day may be set while it stands: that is no news.
      connectedSince:
        before?.reconnects === info.reconnects && since !== undefined
          ? (before.connectedSince ?? since)
          : since,
      reconnects: info.reconnects,
      queuedMessages: info.queuedMessages,
      latencyMs: info.latencyMs === undefined ? undefined : Math.round(info.latencyMs),
      quality: info.quality,
      guarantee: info.guarantee,
      lastError: this.source.lastError(),
      url: info.url,
      tab: 'own',
    });
  }
}

/** Two clocks are never read at the same moment: a time that moved less than that is the same. */
function steady(before: number | undefined, now: number | undefined): number | undefined {
  return before !== undefined && now !== undefined && Math.abs(now - before) < STEADY_MS ? before : now;
}

function isSame(one: ConnectionSnapshot, other: ConnectionSnapshot): boolean {
  return (Object.keys(one) as (keyof ConnectionSnapshot)[]).every((key) => Object.is(one[key], other[key]));
}

const STEADY_MS = 50;
