import { expect, test } from 'vitest';
import type { ChannelItem, ChannelMessage, Ticket, TicketStatus } from '../../../src/api.js';
import { Burst, tally } from '../watch/burst.js';
import { Ledger } from '../watch/ledger.js';
import { entered, type Sample, SHOWN_MS, type Stretch, sampled, segments } from '../watch/timeline.js';

function message(offset: number, payload: unknown = {}, epoch = 1): ChannelMessage {
  return { type: 'message', channel: 'room', epoch, offset, payload } as ChannelMessage;
}

function counted(...items: ChannelItem[]) {
  const ledger = new Ledger();
  for (const item of items) ledger.take(item);
  const { received, lost, doubled, reordered, expired } = ledger.count;
  return [received, lost, doubled, reordered, expired];
}

test('what comes once and in order is received, and nothing is wrong', () => {
  expect(counted(message(7), message(8), message(9))).toEqual([3, 0, 0, 0, 0]);
});

test('a place that is left out is a loss, until it comes late', () => {
  expect(counted(message(1), message(4))).toEqual([2, 2, 0, 0, 0]);
  expect(counted(message(1), message(4), message(2))).toEqual([3, 1, 0, 1, 0]);
});

test('a place that comes again is a double', () => {
  expect(counted(message(1), message(2), message(1), message(2))).toEqual([4, 0, 2, 0, 0]);
});

test('a gap that was told is no loss, and another life of the log counts anew', () => {
  const gap = { type: 'gap', channel: 'room', from: 2, to: 5, cause: 'expired' } as const;
  expect(counted(message(1), gap, message(6))).toEqual([2, 0, 0, 0, 4]);
  expect(counted(message(9), message(1, {}, 2), message(2, {}, 2))).toEqual([3, 0, 0, 0, 0]);
});

test('a strip has one stretch for each state, and forgets what is no longer shown', () => {
  let strip: readonly Stretch[] = entered([], 'connecting', 0);
  strip = entered(strip, 'connected', 100);
  expect(entered(strip, 'connected', 200)).toBe(strip);
  expect(strip).toEqual([
    { state: 'connecting', from: 0, to: 100 },
    { state: 'connected', from: 100, to: undefined },
  ]);
  strip = entered(strip, 'disconnected', SHOWN_MS + 101);
  expect(strip.map(({ state }) => state)).toEqual(['connected', 'disconnected']);
  for (let at = 0; at < 1000; at += 1)
    strip = entered(strip, at % 2 === 0 ? 'connected' : 'reconnecting', SHOWN_MS + 200 + at);
  expect(strip.length).toBeLessThanOrEqual(240);
});

test('segments lie within the strip, and the shortest can be seen', () => {
  const strip: Stretch[] = [
    { state: 'connected', from: -500_000, to: 99_999 },
    { state: 'disconnected', from: 99_999, to: 100_000 },
    { state: 'connected', from: 100_000, to: undefined },
  ];
  for (const now of [100_000, 150_000, 400_000]) {
    for (const { start, width } of segments(strip, now)) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start + width).toBeLessThanOrEqual(1.000_001);
      expect(width).toBeGreaterThanOrEqual(0.004);
    }
  }
  expect(segments(strip, 100_000)[0]).toMatchObject({ state: 'connected', start: 0, ms: 599_999 });
  expect(segments([], 0)).toEqual([]);
});

test('samples are bounded in number and in age', () => {
  let samples: readonly Sample[] = [];
  for (let at = 0; at < 1000; at += 1) samples = sampled(samples, { at, latencyMs: 1 });
  expect(samples.length).toBe(240);
  expect(sampled(samples, { at: 1_000_000, latencyMs: 1 })).toHaveLength(1);
});

/** A channel whose tickets and items the test moves. */
function bursting() {
  const listeners: ((item: ChannelItem) => void)[] = [];
  const tickets: { status: TicketStatus; tell: () => void }[] = [];
  const channel = {
    onItem: (listener: (item: ChannelItem) => void) => listeners.push(listener),
    publish: () => {
      const ticket = { status: 'queued' as TicketStatus, tell: (): void => undefined };
      tickets.push(ticket);
      const onChange = (listener: (ticket: Ticket) => void) => {
        ticket.tell = () => listener(ticket as unknown as Ticket);
        return () => undefined;
      };
      return Object.assign(ticket, { onChange });
    },
    close: () => undefined,
  };
  const burst = new Burst({ channel: () => channel as never });
  const start = (run: string, messages: number) =>
    burst.start(run, (step) => void Array(messages).fill(0).map(step), messages);
  const come = (run: string, number: number) => {
    for (const listener of listeners) listener(message(number, { run, number }));
  };
  const move = (at: number, status: TicketStatus) => {
    const ticket = tickets[at];
    if (ticket === undefined) throw new Error(`there is no ticket ${at}`);
    ticket.status = status;
    ticket.tell();
  };
  return { burst, start, come, move, dots: () => burst.getSnapshot().dots };
}

test('each message of a run goes from waiting to arrived, in whichever order the news comes', () => {
  const { burst, start, come, move, dots } = bursting();
  start('a', 3);
  expect(dots()).toEqual(['waiting', 'waiting', 'waiting']);
  move(0, 'sent');
  move(0, 'acked');
  come('a', 1);
  come('a', 2);
  move(1, 'acked');
  expect(dots()).toEqual(['arrived', 'arrived', 'waiting']);
  expect(burst.getSnapshot().isRunning).toBe(true);
  come('a', 3);
  expect(burst.getSnapshot().isRunning).toBe(false);
  expect(tally(dots()).arrived).toBe(3);
});

test('what comes twice or too early is seen', () => {
  const { start, come, dots } = bursting();
  start('a', 3);
  come('a', 1);
  come('a', 1);
  come('a', 3);
  expect(dots()).toEqual(['doubled', 'waiting', 'reordered']);
});

test('a message that is dropped has failed, and other runs and rubbish count for nothing', () => {
  const { burst, start, come, move, dots } = bursting();
  start('a', 1);
  come('b', 1);
  come('a', 7);
  expect(dots()).toEqual(['waiting']);
  move(0, 'dropped');
  expect(dots()).toEqual(['failed']);
  expect(burst.getSnapshot().isRunning).toBe(false);
});
