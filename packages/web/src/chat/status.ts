/** The chat page's status of the AI worker. */

import type { Frame } from '../conversation/place.js';
import { checkOptions } from '../options/check.js';
import { callEach, takeOut } from '../options/listeners.js';
import { type Busy, StatusFlags } from './flags.js';
import { WebSocketManager } from './manager.js';
import { STATUS_RULES, type StatusWebSocketOptions } from './options.js';

/** `thinking_start`, `thinking_end`, `extraction_start`, `extraction_complete`, `summary_complete`, or `status_cleared`. */
export type StatusListener = (status: Frame) => void;

/**
 * What the AI worker of one conversation does, at `/ws/status/{conversation}/`.
 *
 * Thinking that does not end is cleared after 30 s, extraction after 60 s, and everything when the connection is lost;
 * listeners are told `{ type: 'status_cleared', cause, thinking, extracting, summary_generating }` with what was cleared.
 * After an outage the server tells the last status again: listeners get it if it is news to them, with `restored: true`
 * if only the clearing made it so.
 */
export class StatusWebSocketManager extends WebSocketManager {
  /** Who gets each status; see {@link onStatusChange}. */
  readonly statusListeners: StatusListener[] = [];
  readonly #flags: StatusFlags;

  /** @throws ConfigError names the option that cannot be used, its value, and what is accepted. */
  constructor(options: StatusWebSocketOptions = {}) {
    checkOptions(OWNER, options, STATUS_RULES);
    super({ owner: OWNER, prefix: 'StatusWS', path: 'status' }, options);
    const { staleTimeoutDuration = 30_000, extractionStaleTimeout = 60_000 } = options;
    const timeouts = { thinkingMs: staleTimeoutDuration, extractingMs: extractionStaleTimeout };
    this.#flags = new StatusFlags(this.platform, timeouts, (cause, flags) => this.#cleared(cause, flags));
  }

  /** The AI makes an answer. */
  get isThinking(): boolean {
    return this.#flags.is('thinking');
  }

  /** What was said is being evaluated. */
  get isExtracting(): boolean {
    return this.#flags.is('extracting');
  }

  /** A summary is being made. */
  get isSummaryGenerating(): boolean {
    return this.#flags.is('summaryGenerating');
  }

  /** Calls `listener` for each status. Returns how to stop it. */
  onStatusChange(listener: StatusListener): () => void {
    this.statusListeners.push(listener);
    return () => takeOut(this.statusListeners, listener);
  }

  protected override closed(): void {
    this.#flags.lose();
    super.closed();
  }

  protected override detached(): void {
    this.#flags.reset();
  }

  protected override received(frame: Frame): void {
    if (!isStatus(frame)) {
      super.received(frame);
      return;
    }
    const news = this.#flags.take(frame);
    if (news !== undefined) {
      this.#tell(news === 'new' ? frame : { ...frame, restored: true });
    }
  }

  #cleared(cause: 'stale' | 'connection_lost', flags: readonly Busy[]): void {
    if (cause === 'stale') {
      this.log.warn(`Cleared stuck status: ${flags.join(', ')}`);
    }
    this.#tell({
      type: 'status_cleared',
      cause,
      thinking: flags.includes('thinking'),
      extracting: flags.includes('extracting'),
      summary_generating: flags.includes('summaryGenerating'),
    });
  }

  #tell(status: Frame): void {
    super.received(status);
    callEach(this.statusListeners, this.reportListener, status);
  }
}

function isStatus(frame: Frame): boolean {
  return KINDS.has(String(frame['type']));
}

const KINDS: ReadonlySet<string> = new Set([
  'thinking_start',
  'thinking_end',
  'extraction_start',
  'extraction_complete',
  'summary_complete',
]);

const OWNER = 'StatusWebSocketManager';
