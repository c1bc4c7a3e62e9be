import { describe, expect, test } from 'vitest';
import type { Cursor } from '../../src/engine/types.js';
import { Feed, type FeedNews, type FeedReader } from '../../src/tabs/feed.js';

/** A log, and the place in it that the server keeps for one connection (crates/everlink-engine/src/server/session/reading.rs). */
class ServerChannel {
  epoch = 1;
  head = 0;
  first = 1;
  /** What was asked and is not answered. */
  #joining: { readonly from: Cursor | undefined } | undefined;
  #reading: { epoch: number; after: number } | undefined;
  readonly #say: (frame: FeedNews & Record<string, unknown>) => void;

  constructor(say: (frame: FeedNews & Record<string, unknown>) => void) {
    this.#say = say;
  }

  subscribe(from: Cursor | undefined): void {
    if (this.#joining !== undefined) {
      throw new Error('asked again before it was answered');
    }
    this.#joining = { from };
    this.#reading = undefined;
  }

  /** One step: answers, tells a gap, or tells one message. Returns whether there was something to do. */
  step(): boolean {
    if (this.#joining !== undefined) {
      this.#join(this.#joining.from);
      return true;
    }
    const reading = this.#reading;
    if (reading === undefined) {
      return false;
    }
    if (reading.epoch !== this.epoch) {
      this.#gap(1, 'epoch', this.epoch);
      return true;
    }
    if (reading.after < this.first - 1) {
      this.#gap(reading.after + 1, 'expired');
      return true;
    }
    if (reading.after >= this.head) {
      return false;
    }
    reading.after += 1;
    this.#say({ t: 'msg', o: reading.after });
    return true;
  }

  expire(): void {
    this.first = Math.min(this.head + 1, this.first + 3);
  }

  /** The log loses its end, or all. */
  beginAnew(head: number): void {
    this.epoch += 1;
    this.head = head;
    this.first = 1;
  }

  #join(from: Cursor | undefined): void {
    this.#joining = undefined;
    const isOther = from !== undefined && (from.epoch !== this.epoch || from.offset > this.head);
    const after = from === undefined ? this.head : isOther ? 0 : from.offset;
    this.#reading = { epoch: this.epoch, after };
    this.#say({ t: 'sub_ok', ep: this.epoch, head: this.head });
    if (isOther) {
      this.#gap(1, 'epoch', this.epoch);
    }
  }

  #gap(from: number, why: string, ep?: number): void {
    this.#reading = { epoch: this.epoch, after: this.first - 1 };
    this.#say({ t: 'gap', from, to: this.first - 1, why, ...(ep !== undefined && { ep }) });
  }
}

/** A tab: holds what comes to the rules that an engine holds it to. */
class Tab implements FeedReader {
  cursor: Cursor | undefined;
  epoch = 0;
  needsRestart = false;
  readonly taken: string[] = [];

  tell(text: string): void {
    const frame = JSON.parse(text) as { t: string; ep?: number; head?: number; o?: number; to?: number };
    if (frame.t === 'sub_ok') {
      this.epoch = frame.ep ?? 0;
      this.cursor ??= { epoch: this.epoch, offset: frame.head ?? 0 };
    } else if (frame.t === 'gap') {
      this.cursor = { epoch: frame.ep ?? this.epoch, offset: frame.to ?? 0 };
      this.epoch = this.cursor.epoch;
    } else if (frame.t === 'msg') {
      if (this.epoch !== this.cursor?.epoch || frame.o !== this.cursor.offset + 1) {
        throw new Error(`at ${JSON.stringify(this.cursor)} came ${text} of epoch ${this.epoch}`);
      }
      this.cursor = { epoch: this.epoch, offset: frame.o ?? 0 };
      this.taken.push(`${this.epoch}:${frame.o}`);
    }
  }

  restart(): void {
    this.needsRestart = true;
  }
}

function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Tabs come, go and come again at cursors of all kinds, while the log grows, expires and begins anew. */
function run(seed: number, steps: number): { tabs: number; messages: number; asked: number } {
  const pick = random(seed);
  const tabs: Tab[] = [];
  let asked = 0;
  const feed: Feed = new Feed('room/1', (from) => {
    asked += 1;
    server.subscribe(from);
  });
  const server: ServerChannel = new ServerChannel((frame) => feed.hear(frame, JSON.stringify(frame)));
  const leave = (tab: Tab) => {
    tabs.splice(tabs.indexOf(tab), 1);
    feed.leave(tab);
  };
  const again = (tab: Tab) => {
    feed.leave(tab);
    tab.needsRestart = false;
    feed.ask(tab, tab.cursor);
  };
  const actions: (() => void)[] = [
    () => (server.head += 1 + pick(3)),
    () => server.step(),
    () => server.step(),
    () => server.step(),
    () => {
      if (tabs.length < 6) {
        const tab = new Tab();
        const epoch = Math.max(1, server.epoch - pick(2));
        tab.cursor = pick(3) === 0 ? undefined : { epoch, offset: pick(server.head + 3) };
        tabs.push(tab);
        feed.ask(tab, tab.cursor);
      }
    },
    () => tabs.length > 0 && pick(3) === 0 && leave(tabs[pick(tabs.length)] as Tab),
    () => tabs.length > 0 && pick(2) === 0 && again(tabs[pick(tabs.length)] as Tab),
    () => pick(20) === 0 && server.expire(),
    () => pick(40) === 0 && server.beginAnew(pick(server.head + 1)),
  ];
  for (let step = 0; step < steps; step += 1) {
    actions[pick(actions.length)]?.();
    tabs.filter((tab) => tab.needsRestart).forEach(again);
  }
  for (let rest = 0; rest < 100_000; rest += 1) {
    const lost = tabs.filter((tab) => tab.needsRestart);
    lost.forEach(again);
    if (!server.step() && lost.length === 0) {
      break;
    }
  }
  for (const tab of tabs) {
    expect(tab.cursor, `seed ${seed}`).toEqual({ epoch: server.epoch, offset: server.head });
  }
  for (const tab of tabs.splice(0)) {
    feed.leave(tab);
  }
  while (server.step());
  expect(feed.isIdle, `seed ${seed}`).toBe(true);
  return { tabs: tabs.length, messages: server.head, asked };
}

describe('a channel that several tabs read', () => {
  test('req_n01_every_tab_gets_every_message_once_and_in_order_whatever_comes_between', () => {
    for (let seed = 1; seed <= 1000; seed += 1) {
      try {
        run(seed, 300);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  test('a_tab_that_is_where_the_others_are_joins_without_a_word_to_the_server', () => {
    let asked = 0;
    const feed: Feed = new Feed('room/1', (from) => {
      asked += 1;
      server.subscribe(from);
    });
    const server: ServerChannel = new ServerChannel((frame) => feed.hear(frame, JSON.stringify(frame)));
    server.head = 7;
    const [first, second, third] = [new Tab(), new Tab(), new Tab()];
    first.cursor = { epoch: 1, offset: 5 };
    feed.ask(first, first.cursor);
    while (server.step());
    second.cursor = { epoch: 1, offset: 7 };
    feed.ask(second, second.cursor);
    feed.ask(third, undefined);
    server.head = 8;
    while (server.step());
    expect(asked).toBe(1);
    expect([first, second, third].map((tab) => tab.taken)).toEqual([['1:6', '1:7', '1:8'], ['1:8'], ['1:8']]);
  });

  test('a_tab_that_comes_later_is_told_the_last_values', () => {
    const feed = new Feed('room/1', () => undefined);
    const told: string[] = [];
    const reader = () => ({ tell: (text: string) => told.push(text), restart: () => undefined });
    feed.ask(reader(), undefined);
    feed.hear({ t: 'sub_ok', ep: 1, head: 0 }, 'sub_ok');
    for (let version = 1; version <= 2; version += 1) {
      feed.hear({ t: 'ret', k: 'status' }, `ret ${version}`);
    }
    told.length = 0;
    feed.ask(reader(), undefined);
    expect(told).toEqual([JSON.stringify({ t: 'sub_ok', c: 'room/1', ep: 1, head: 0, n: 0 }), 'ret 2']);
  });

  test('a_refusal_goes_to_who_asked_and_lets_the_others_ask_for_themselves', () => {
    const feed = new Feed('room/1', () => undefined);
    const tab = () => ({
      told: [] as string[],
      restarts: 0,
      tell(text: string) {
        this.told.push(text);
      },
      restart() {
        this.restarts += 1;
      },
    });
    const [first, second] = [tab(), tab()];
    feed.ask(first, { epoch: 1, offset: 3 });
    feed.hear({ t: 'sub_ok', ep: 1, head: 3 }, 'ok');
    feed.ask(second, { epoch: 1, offset: 1 });
    feed.hear({ t: 'sub_err' }, 'no');
    expect([first.told, first.restarts, second.told, second.restarts]).toEqual([['ok'], 1, ['no'], 0]);
  });
});
