/** Publishes that survive the page: stored first, then handed to the engine in the order in which they were numbered. */

import type { OutboxEntry, OutboxKey, OutboxStore } from '../api.js';
import { encodePayload } from '../codec/v1/encode.js';
import type { Numbered, SendPolicy } from '../engine/types.js';
import type { OpenTicket } from './tickets.js';

/** What became of a message that was handed over. */
export type Taken = 'taken' | 'later' | 'gone';

/** A message for the engine. */
export interface Draft {
  readonly entry: OutboxEntry;
  readonly body: string | Uint8Array;
  readonly numbered: Numbered;
  readonly policy: SendPolicy;
  readonly ticket: OpenTicket;
  /** Whether the store has it; else only this page's memory does. */
  readonly isStored: boolean;
}

export interface StagingHost {
  readonly store: OutboxStore;
  producer(): string;
  producerId(name: string): number;
  wallClock(): number;
  /** Hands a message to the engine. */
  send(draft: Draft): Taken;
  /** A ticket for a message that an earlier page left. */
  ticket(): OpenTicket;
  drop(ticket: OpenTicket, reason: 'queue_full' | 'withdrawn' | 'closed'): void;
  failed(error: unknown, where: string): void;
}

interface Staged {
  readonly entry: OutboxEntry;
  readonly body: string | Uint8Array;
  readonly policy: SendPolicy;
  readonly ticket: OpenTicket;
  stage: 'writing' | 'written' | 'unstored' | 'withdrawn';
  done(error?: unknown): void;
}

export class Staging {
  /** The messages of this page, in line. */
  private line: Staged[] = [];
  /** What earlier pages left; it goes first. */
  private left: OutboxEntry[] = [];
  /** The last number of each channel. */
  private readonly numbers = new Map<string, number>();
  /** What the engine has and has not settled. */
  private readonly open = new Map<number, OutboxKey>();
  private unwritten: Staged[] = [];
  private removed: OutboxKey[] = [];
  private isFlushing = false;
  private opened: Promise<void> | undefined;
  private stop: (() => void) | undefined;

  constructor(private readonly host: StagingHost) {}

  /** Opens the store; what earlier pages left is sent from then on. */
  start(): void {
    if (this.opened !== undefined) return;
    const { store } = this.host;
    this.opened = store.open(this.host.producer());
    this.opened.then(
      () => {
        this.stop ??= this.opened && store.onLeft((entries) => this.found(entries));
      },
      (error: unknown) => this.host.failed(error, 'outbox'),
    );
  }

  /** Gives the store back. What is not acknowledged stays in it, for whoever comes next. */
  async close(): Promise<void> {
    if (this.opened === undefined) return;
    const opened = this.opened;
    this.opened = undefined;
    this.stop?.();
    this.stop = undefined;
    this.left = [];
    for (const staged of this.line.splice(0)) {
      staged.done(CLOSED);
      this.host.drop(staged.ticket, 'closed');
    }
    this.open.clear();
    await opened.catch(() => undefined);
    await this.flush();
    await this.host.store.close();
  }

  /** Takes a message: it has its number from now on. Returns how to take it back; `false` says that it left the line. */
  add(
    message: Pick<Draft, 'body' | 'policy' | 'ticket'> & Pick<OutboxEntry, 'channel' | 'payload'>,
  ): () => boolean {
    const { channel, payload, body, ticket, policy } = message;
    const sequence = (this.numbers.get(channel) ?? 0) + 1;
    this.numbers.set(channel, sequence);
    const entry: OutboxEntry = {
      channel,
      payload,
      producer: this.host.producer(),
      sequence,
      before: undefined,
      takenAt: this.host.wallClock(),
    };
    let done: Staged['done'] = () => undefined;
    const stored = new Promise<void>((resolve, reject) => {
      done = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever does not ask must not be told that nobody listened.
    stored.catch(() => undefined);
    ticket.stored = stored;
    const staged: Staged = { entry, body, policy, ticket, stage: 'writing', done };
    this.line.push(staged);
    this.unwritten.push(staged);
    this.flushSoon();
    return () => this.withdraw(staged);
  }

  /** Hands over what can be handed over now. */
  send(): void {
    for (let entry = this.left[0]; entry !== undefined; entry = this.left[0]) {
      if (this.sendLeft(entry) === 'later') return;
      this.left.shift();
    }
    for (let staged = this.line[0]; staged !== undefined; staged = this.line[0]) {
      if (staged.stage === 'writing') return;
      if (staged.stage !== 'withdrawn' && this.sendStaged(staged) === 'later') return;
      this.line.shift();
    }
  }

  /** The engine has a message. */
  took(id: number, { channel, producer, sequence }: OutboxKey): void {
    this.open.set(id, { channel, producer, sequence });
  }

  /** The engine refused it after all. */
  forget(id: number): void {
    this.open.delete(id);
  }

  /** The outcome of a message is known; what was only cleared stays for the next page. */
  settled(id: number, isCleared: boolean): void {
    const key = this.open.get(id);
    if (key === undefined) return;
    this.open.delete(id);
    if (!isCleared) this.remove(key);
  }

  private found(entries: readonly OutboxEntry[]): void {
    if (this.opened === undefined) return;
    this.left.push(...linked(entries));
    this.send();
  }

  private sendLeft(entry: OutboxEntry): Taken {
    try {
      const ageMs = Math.max(0, this.host.wallClock() - entry.takenAt);
      const { sequence, before } = entry;
      const numbered: Numbered = { producer: this.host.producerId(entry.producer), sequence, before, ageMs };
      const body = encodePayload(entry.payload);
      const policy: SendPolicy = { type: 'wait' };
      const ticket = this.host.ticket();
      return this.host.send({ entry, body, numbered, policy, ticket, isStored: true });
    } catch (error) {
      this.host.failed(error, 'outbox');
      return 'gone';
    }
  }

  private sendStaged(staged: Staged): Taken {
    const { entry } = staged;
    const isStored = staged.stage === 'written';
    const taken = this.host.send({
      ...staged,
      numbered: { producer: 0, sequence: entry.sequence, ageMs: 0 },
      isStored,
    });
    if (taken === 'gone' && isStored) this.remove(entry);
    return taken;
  }

  private withdraw(staged: Staged): boolean {
    if (!this.line.includes(staged) || staged.stage === 'withdrawn') return false;
    if (staged.stage === 'written') this.remove(staged.entry);
    staged.stage = 'withdrawn';
    this.host.drop(staged.ticket, 'withdrawn');
    this.send();
    return true;
  }

  private remove({ channel, producer, sequence }: OutboxKey): void {
    this.removed.push({ channel, producer, sequence });
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    // Everything of one turn goes into one transaction.
    Promise.resolve()
      .then(() => this.flush())
      .finally(() => {
        this.isFlushing = false;
        if (this.unwritten.length > 0 || this.removed.length > 0) this.flushSoon();
      });
  }

  private async flush(): Promise<void> {
    await this.opened?.catch(() => undefined);
    const { store } = this.host;
    const removed = this.removed.splice(0);
    if (removed.length > 0)
      await store.remove(removed).catch((error: unknown) => this.host.failed(error, 'outbox'));
    const staged = this.unwritten.splice(0).filter(({ stage }) => stage === 'writing');
    if (staged.length === 0) return;
    try {
      await store.put(staged.map(({ entry }) => entry));
    } catch (error) {
      this.host.failed(error, 'outbox');
      this.lost(staged, error);
      return;
    }
    for (const one of staged) this.written(one);
    this.send();
  }

  private written(staged: Staged): void {
    if (staged.stage === 'withdrawn') {
      this.remove(staged.entry);
      return;
    }
    staged.stage = 'written';
    staged.done();
  }

  /** The store did not take them. Where that is its bound or our mistake, they are dropped; else they go out from memory. */
  private lost(staged: readonly Staged[], error: unknown): void {
    const isRefused = REFUSALS.has((error as { problem?: unknown } | undefined)?.problem);
    for (const one of staged) {
      if (one.stage === 'withdrawn') continue;
      one.done(error);
      if (isRefused) this.giveUp(one);
      else one.stage = 'unstored';
    }
    this.send();
    // What the engine has no room for now would be bounded by nothing.
    for (const one of this.line.filter(({ stage }) => stage === 'unstored')) this.giveUp(one);
    this.send();
  }

  private giveUp(staged: Staged): void {
    staged.stage = 'withdrawn';
    this.host.drop(staged.ticket, 'queue_full');
  }
}

/**
 * Says of each entry which one it follows. What an earlier page dropped between two of them, or before the first, nobody
 * can tell from what is left: they are all there is of their producer.
 */
function linked(entries: readonly OutboxEntry[]): OutboxEntry[] {
  const last = new Map<string, number>();
  return entries.map((entry) => {
    const stream = JSON.stringify([entry.channel, entry.producer]);
    const before = last.get(stream) ?? 0;
    last.set(stream, entry.sequence);
    return { ...entry, before: before + 1 === entry.sequence ? undefined : before };
  });
}

const CLOSED = new Error('the client was closed');

/** What a store refuses by its own rules, in the words of `StorageError`. Under `inUse` the numbers would be another page's. */
const REFUSALS: ReadonlySet<unknown> = new Set(['full', 'invalid', 'closed', 'inUse']);
