/** Stores that live as long as a test: what a page leaves in them, the next page finds. */

import type { CursorStore, OutboxEntry, OutboxKey, OutboxStore } from '../api.js';
import type { Cursor } from '../engine/types.js';

/** What the pages of one browser share. */
export class MemoryDisk {
  readonly entries: OutboxEntry[] = [];
  readonly cursors = new Map<string, Cursor>();
  /** The producers of pages that live. */
  readonly living = new Set<string>();
  readonly waiting = new Set<() => void>();
}

/** An outbox on such a disk. */
export class MemoryOutbox implements OutboxStore {
  private producer = '';

  constructor(readonly disk: MemoryDisk = new MemoryDisk()) {}

  async open(producer: string): Promise<void> {
    this.producer = producer;
    this.disk.living.add(producer);
  }

  async put(entries: readonly OutboxEntry[]): Promise<void> {
    this.disk.entries.push(...entries);
  }

  async remove(keys: readonly OutboxKey[]): Promise<void> {
    const isRemoved = (entry: OutboxEntry): boolean =>
      keys.some(
        (key) =>
          key.channel === entry.channel && key.producer === entry.producer && key.sequence === entry.sequence,
      );
    const kept = this.disk.entries.filter((entry) => !isRemoved(entry));
    this.disk.entries.splice(0, Infinity, ...kept);
  }

  onLeft(listener: (entries: readonly OutboxEntry[]) => void): () => void {
    const taken = new Set<OutboxEntry>();
    const look = (): void => {
      const left = this.disk.entries.filter(
        (entry) => !this.disk.living.has(entry.producer) && !taken.has(entry),
      );
      for (const entry of left) taken.add(entry);
      if (left.length > 0) listener(left);
    };
    this.disk.waiting.add(look);
    look();
    return () => void this.disk.waiting.delete(look);
  }

  async close(): Promise<void> {
    this.crash();
  }

  /** The page ends without a word. */
  crash(): void {
    this.disk.living.delete(this.producer);
    for (const look of [...this.disk.waiting]) look();
  }
}

/** Cursors on such a disk. */
export class MemoryCursors implements CursorStore {
  constructor(readonly disk: MemoryDisk = new MemoryDisk()) {}

  async load(channel: string): Promise<Cursor | undefined> {
    return this.disk.cursors.get(channel);
  }

  save(channel: string, cursor: Cursor): void {
    this.disk.cursors.set(channel, cursor);
  }

  async flush(): Promise<void> {
    // Everything is kept at once.
  }

  async close(): Promise<void> {
    // There is nothing to give back.
  }
}
