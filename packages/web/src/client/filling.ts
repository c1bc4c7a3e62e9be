/** A reader that begins behind those who read its channel already: pages of history bring it to where they are. */

import type { ChannelGap, HistoryPage } from '../api.js';
import type { Cursor } from '../engine/types.js';
import { HistoryError } from './history.js';
import { LogMessage, type Mark, type Reader } from './reader.js';

/** What filling needs of the channel. */
export interface FillingHost {
  readonly name: string;
  page(after: number): Promise<HistoryPage>;
  /** How far the others are. */
  cursor(): Cursor | undefined;
  /** The place of an offset in the order of the others. */
  mark(cursor: Cursor): Mark;
  later(run: () => void): void;
}

export class Filling {
  private isAsking = false;
  /** It is where the others are. */
  isOver = false;

  constructor(
    private readonly host: FillingHost,
    private readonly reader: Reader,
    /** How far it is. */
    private at: Cursor,
  ) {}

  /** Asks for the next page if there is room for it; called again when there may be, or a connection. */
  readonly go = (): void => {
    if (this.isAsking || this.isOver || this.reader.isClosed || !this.reader.isHalfFree) return;
    this.isAsking = true;
    this.host.page(this.at.offset).then(
      (page) => this.paged(page),
      (error: unknown) => this.failed(error),
    );
  };

  /** Whether a live message is one that a page brought already. */
  has({ epoch, offset }: Cursor): boolean {
    return epoch === this.at.epoch && offset <= this.at.offset;
  }

  private paged(page: HistoryPage): void {
    this.isAsking = false;
    if (this.reader.isClosed) return;
    const { epoch, first, head, messages } = page;
    const isOther = epoch !== this.at.epoch || this.at.offset > head;
    if (isOther && this.at.epoch !== 0) {
      this.skip({ type: 'gap', channel: this.host.name, from: 1, to: first - 1, cause: 'epoch' }, epoch);
      // The page began behind an offset of another life.
      this.at = { epoch, offset: first - 1 };
      this.go();
      return;
    }
    const from = this.at.offset + 1;
    if (first > from)
      this.skip({ type: 'gap', channel: this.host.name, from, to: first - 1, cause: 'expired' }, epoch);
    for (const message of messages) {
      const mark = this.host.mark({ epoch, offset: message.offset });
      this.reader.bring(new LogMessage(message, () => this.reader.handle(mark)), mark);
    }
    const offset = messages[messages.length - 1]?.offset ?? Math.max(head, this.at.offset);
    this.at = { epoch, offset };
    const others = this.host.cursor();
    if (others !== undefined && others.epoch === epoch && offset >= others.offset) {
      this.isOver = true;
      this.reader.bring({ type: 'caughtUp', channel: this.host.name, head: offset });
    }
    this.host.later(this.reader.pump);
    this.host.later(this.go);
  }

  private failed(error: unknown): void {
    this.isAsking = false;
    const reason = error instanceof HistoryError ? error.reason : 'closed';
    // What was lost with its connection is asked for again on the next one.
    if (reason === 'timedOut') this.go();
    if (!(error instanceof HistoryError) || reason !== 'refused') return;
    this.isOver = true;
    this.reader.bring({
      type: 'refused',
      channel: this.host.name,
      code: error.code ?? 0,
      why: error.message,
    });
    this.host.later(this.reader.pump);
    this.host.later(() => this.reader.end());
  }

  private skip(gap: ChannelGap, epoch: number): void {
    this.reader.bring(gap, this.host.mark({ epoch, offset: gap.to }));
  }
}
