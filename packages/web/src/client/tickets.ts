/** What becomes of messages on their way out. */

import type { DropReason, Settlement, Ticket, TicketStatus } from '../api.js';
import { EngineError } from '../engine/index.js';
import type { Outcome } from '../engine/types.js';

/** A message on its way. */
export class OpenTicket implements Ticket {
  status: TicketStatus = 'queued';
  stored: Promise<void> = STORED;
  /** The engine's number for it, once the engine has it. */
  message: number | undefined;
  private settlement: Settlement | undefined;
  private promise: Promise<Settlement> | undefined;
  private resolve: ((settlement: Settlement) => void) | undefined;
  private listeners: Set<(ticket: Ticket) => void> | undefined;

  constructor(
    readonly id: number,
    private readonly tell: (listeners: ReadonlySet<(ticket: Ticket) => void>, ticket: Ticket) => void,
  ) {}

  get settled(): Promise<Settlement> {
    this.promise ??=
      this.settlement === undefined
        ? new Promise((resolve) => {
            this.resolve = resolve;
          })
        : Promise.resolve(this.settlement);
    return this.promise;
  }

  onChange(listener: (ticket: Ticket) => void): () => void {
    if (this.settlement !== undefined) return () => undefined;
    this.listeners ??= new Set();
    const { listeners } = this;
    // The same function twice is two listeners.
    const own = (ticket: Ticket): void => listener(ticket);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** It is with a socket. */
  sent(): void {
    if (this.status !== 'queued') return;
    this.status = 'sent';
    this.changed();
  }

  settle(settlement: Settlement): void {
    if (this.settlement !== undefined) return;
    this.settlement = settlement;
    const isNews = this.status !== settlement.status;
    this.status = settlement.status;
    this.resolve?.(settlement);
    if (isNews) this.changed();
    this.listeners = undefined;
  }

  private changed(): void {
    if (this.listeners !== undefined && this.listeners.size > 0) this.tell(this.listeners, this);
  }
}

/** The messages without an outcome, by the engine's numbers, in their order. Nothing is kept of those that have one. */
export class Tickets {
  private readonly open = new Map<number, OpenTicket>();

  add(id: number, ticket: OpenTicket): void {
    this.open.set(id, ticket);
  }

  get(id: number): OpenTicket | undefined {
    return this.open.get(id);
  }

  /** Returns a range of messages. */
  entries(first: number, last: number): [id: number, ticket: OpenTicket][] {
    const found: [number, OpenTicket][] = [];
    if (last - first < this.open.size) {
      for (let id = first; id <= last; id += 1) {
        const ticket = this.open.get(id);
        if (ticket !== undefined) found.push([id, ticket]);
      }
      return found;
    }
    for (const entry of this.open) if (entry[0] >= first && entry[0] <= last) found.push(entry);
    return found;
  }

  /** Takes out a range of messages. */
  take(first: number, last: number): OpenTicket[] {
    return this.entries(first, last).map(([id, ticket]) => {
      this.open.delete(id);
      return ticket;
    });
  }
}

/** What an outcome means for one message of its range. */
export function settlementOf(outcome: Outcome, isLast: boolean): Settlement {
  switch (outcome.type) {
    case 'acknowledged':
      return { status: 'acked', offset: isLast && outcome.offset > 0 ? outcome.offset : undefined };
    case 'written':
      return { status: 'sent' };
    case 'refused':
      return dropped('refused', outcome.code);
    case 'droppedOldest':
      return dropped('dropped_oldest');
    case 'droppedVolatile':
      return dropped('not_connected');
    case 'tooBig':
      return dropped('too_big');
    case 'coalesced':
    case 'cleared':
    case 'withdrawn':
      return dropped(outcome.type);
  }
}

/** What a refused send means for its message; `undefined` where the application used the client wrongly. */
export function refusalOf(error: unknown): Settlement | undefined {
  if (!(error instanceof EngineError)) return undefined;
  switch (error.code) {
    case 'queueFull':
      return dropped('queue_full');
    case 'messageTooBig':
      return dropped('too_big');
    case 'notConnected':
      return dropped('not_connected');
    case 'closed':
      return dropped('closed');
    default:
      return undefined;
  }
}

export function dropped(reason: DropReason, code?: number): Settlement {
  return { status: 'dropped', reason, code };
}

const STORED = Promise.resolve();
