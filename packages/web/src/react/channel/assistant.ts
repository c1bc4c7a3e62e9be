/** What the AI worker of a conversation does (C05). */

import type { ChannelItem, Client, Payload } from '../../api.js';
import type { Readable } from '../selection.js';
import { fieldsOf, text } from './payload.js';

/** The kind under which the worker's status is told and retained. */
const STATUS = 'status';

export interface AssistantStatus {
  /** An answer is being made. */
  readonly isThinking: boolean;
  /** What was said is being evaluated. */
  readonly isExtracting: boolean;
  readonly isSummaryGenerating: boolean;
  /** The connection was lost while an answer was being made, and it is not known yet what became of it. */
  readonly isInterrupted: boolean;
  /** `thinking_start`, `thinking_end`, `extraction_start`, `extraction_complete` or `summary_complete`. */
  readonly lastEvent: string | undefined;
}

export interface StaleTimes {
  /** After how long without news an answer is not believed in any more. Unit: ms. Default: 30000. */
  readonly thinkingStaleMs?: number | undefined;
  /** The same for evaluation and summary. Unit: ms. Default: 60000. */
  readonly extractionStaleMs?: number | undefined;
}

export const IDLE: AssistantStatus = Object.freeze({
  isThinking: false,
  isExtracting: false,
  isSummaryGenerating: false,
  isInterrupted: false,
  lastEvent: undefined,
});

/**
 * Follows the worker of one channel while it is open. Each word of the server carries the whole state and a version, so
 * that nothing stays wrong for long.
 */
export class AssistantStore implements Readable<AssistantStatus> {
  readonly #client: Client;
  readonly #name: string;
  readonly #times: StaleTimes;
  readonly #listeners = new Set<() => void>();
  #status: AssistantStatus = IDLE;
  #version = Number.NEGATIVE_INFINITY;
  #thinking: ReturnType<typeof setTimeout> | undefined;
  #extraction: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];

  constructor(client: Client, name: string, times: StaleTimes = {}) {
    this.#client = client;
    this.#name = name;
    this.#times = times;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  getSnapshot(): AssistantStatus {
    return this.#status;
  }

  open(): void {
    const client = this.#client;
    const channel = client.channel(this.#name, { from: 'now' });
    const heard = (item: ChannelItem) => {
      if ((item.type === 'volatile' || item.type === 'retained') && item.key === STATUS)
        this.#heard(item.payload);
    };
    let wasConnected = client.getSnapshot().isConnected;
    const changed = () => {
      const { isConnected } = client.getSnapshot();
      if (isConnected === wasConnected) return;
      wasConnected = isConnected;
      // What is retained holds, even if it was known before: it is not told a second time.
      if (isConnected) this.#returned(channel.retained(STATUS)?.payload);
      else this.#lost();
    };
    this.#stops = [channel.onItem(heard), client.subscribe(changed), () => channel.close()];
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#clearTimers();
    this.#set(IDLE);
    this.#version = Number.NEGATIVE_INFINITY;
  }

  #heard(payload: Payload): void {
    const version = fieldsOf(payload).version;
    if (typeof version !== 'number' || version <= this.#version) return;
    this.#version = version;
    this.#take(payload);
  }

  #returned(payload: Payload | undefined): void {
    if (payload !== undefined) this.#take(payload);
    else if (this.#status.isInterrupted) this.#set({ ...this.#status, isInterrupted: false });
  }

  /** Nothing can be said of the worker now, except that an answer may be under way. */
  #lost(): void {
    this.#clearTimers();
    const isInterrupted = this.#status.isThinking || this.#status.isInterrupted;
    this.#set({ ...IDLE, isInterrupted, lastEvent: this.#status.lastEvent });
  }

  #take(payload: Payload): void {
    const fields = fieldsOf(payload);
    const is = (name: string) => fields[name] === true;
    this.#clearTimers();
    this.#set({
      isThinking: is('thinking'),
      isExtracting: is('extracting'),
      isSummaryGenerating: is('summary_generating'),
      isInterrupted: false,
      lastEvent: text(fields.type),
    });
    if (this.#status.isThinking) {
      const stale = () => this.#set({ ...this.#status, isThinking: false });
      this.#thinking = setTimeout(stale, this.#times.thinkingStaleMs ?? THINKING_STALE_MS);
    }
    if (this.#status.isExtracting || this.#status.isSummaryGenerating) {
      const stale = () => this.#set({ ...this.#status, isExtracting: false, isSummaryGenerating: false });
      this.#extraction = setTimeout(stale, this.#times.extractionStaleMs ?? EXTRACTION_STALE_MS);
    }
  }

  #clearTimers(): void {
    clearTimeout(this.#thinking);
    clearTimeout(this.#extraction);
  }

  #set(status: AssistantStatus): void {
    this.#status = Object.freeze(status);
    for (const listener of [...this.#listeners]) listener();
  }
}

const THINKING_STALE_MS = 30_000;
const EXTRACTION_STALE_MS = 60_000;
