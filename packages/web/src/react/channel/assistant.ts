/** What the AI worker of a conversation does (C05). */

import type { Payload } from '../../api.js';
import { fieldsOf, text } from './typing.js';

/** The kind under which the worker's status is told and retained. */
export const STATUS = 'status';

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
  readonly thinkingStaleMs?: number;
  /** The same for evaluation and summary. Unit: ms. Default: 60000. */
  readonly extractionStaleMs?: number;
}

export const IDLE: AssistantStatus = Object.freeze({
  isThinking: false,
  isExtracting: false,
  isSummaryGenerating: false,
  isInterrupted: false,
  lastEvent: undefined,
});

/** Follows the worker: each word of the server carries the whole state and a version, so that none is missed for long. */
export class Assistant {
  #status: AssistantStatus = IDLE;
  #version = Number.NEGATIVE_INFINITY;
  #thinking: ReturnType<typeof setTimeout> | undefined;
  #extraction: ReturnType<typeof setTimeout> | undefined;
  readonly #times: StaleTimes;
  readonly #told: (status: AssistantStatus) => void;

  constructor(times: StaleTimes, told: (status: AssistantStatus) => void) {
    this.#times = times;
    this.#told = told;
  }

  /** Takes a state if it is newer. */
  heard(payload: Payload): void {
    const version = fieldsOf(payload)['version'];
    if (typeof version !== 'number' || version <= this.#version) return;
    this.#version = version;
    this.#take(payload);
  }

  /** The connection is back: what is retained holds, even if it was known before. */
  returned(payload: Payload | undefined): void {
    if (payload !== undefined) this.#take(payload);
    else if (this.#status.isInterrupted) this.#set({ ...this.#status, isInterrupted: false });
  }

  /** The connection is lost: nothing can be said of the worker, except that an answer may be under way. */
  lost(): void {
    this.#clearTimers();
    const isInterrupted = this.#status.isThinking || this.#status.isInterrupted;
    this.#set({ ...IDLE, isInterrupted, lastEvent: this.#status.lastEvent });
  }

  end(): void {
    this.#clearTimers();
    this.#set(IDLE);
    this.#version = Number.NEGATIVE_INFINITY;
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
      lastEvent: text(fields['type']),
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
    this.#status = status;
    this.#told(status);
  }
}

const THINKING_STALE_MS = 30_000;
const EXTRACTION_STALE_MS = 60_000;
