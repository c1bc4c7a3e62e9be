import { describe, expect, it } from 'vitest';
import { message } from '../../gallery/scene.js';
import type { ChannelGap, ChannelMessage } from '../api.js';
import * as lists from './channel/entries.js';

const CHANNEL = 'room';
const msg = (offset: number, text = `m${offset}`, part: Partial<ChannelMessage> = {}) =>
  message(CHANNEL, offset, text, part);
const gap = (from: number, to: number, cause: ChannelGap['cause'] = 'expired'): ChannelGap => ({
  ...{ type: 'gap', channel: CHANNEL, from, to, cause },
});

/** Shows a list as `1 2 [3-5] 6 own(queued)`. */
function shown(list: lists.EntryList): string {
  const words = list.entries.map((entry) => {
    if (entry.type === 'gap') return `[${entry.from}-${entry.to}]`;
    const state = entry.own ? `(${entry.status})` : '';
    return `${entry.offset ?? entry.payload}${state}`;
  });
  return words.join(' ');
}

const filled = (limit: number, ...offsets: number[]) =>
  offsets.reduce((list, offset) => lists.withMessage(list, msg(offset)), lists.emptyList(limit));

describe('the list of a channel', () => {
  it('req_r06_has_each_message_once_and_in_order_whatever_the_order_in_which_they_come', () => {
    expect(shown(filled(10, 1, 2, 2, 5, 3, 4, 1))).toBe('1 2 3 4 5');
  });

  it('stays the same object when nothing in it changed', () => {
    const list = filled(10, 1, 2);
    expect(lists.withMessage(list, msg(2))).toBe(list);
    expect(lists.withStep(list, 'nobody', 'sent')).toBe(list);
  });

  it('never changes a list that it gave out', () => {
    const list = filled(10, 1);
    const before = [...list.entries];
    lists.withMessage(list, msg(2));
    lists.withOwn(list, 'own:1', 'hi', 0);
    expect(list.entries).toEqual(before);
  });

  it('keeps at most its limit and says that older ones left', () => {
    const list = filled(3, 1, 2, 3, 4, 5);
    expect(shown(list)).toBe('3 4 5');
    expect(list.isCut).toBe(true);
  });

  it('shows a hole in its place', () => {
    const list = lists.withMessage(lists.withGap(filled(10, 1, 2), gap(3, 5)), msg(6));
    expect(shown(list)).toBe('1 2 [3-5] 6');
  });

  it('shows a hole before own messages that have no place yet', () => {
    const list = lists.withGap(lists.withOwn(filled(10, 1), 'own:1', 'hi', 0), gap(2, 3));
    expect(shown(list)).toBe('1 [2-3] hi(queued)');
  });

  it('puts another life of the log behind the one before, though its numbers are lower', () => {
    const old = lists.withGap(filled(10, 7, 8), gap(9, 9, 'epoch'));
    const list = [1, 2].reduce((so, offset) => lists.withMessage(so, msg(offset, 'new', { epoch: 2 })), old);
    expect(shown(list)).toBe('7 8 [9-9] 1 2');
  });

  it('puts a page of history before what is there, without doubling what both have', () => {
    const list = lists.withHistory(filled(10, 4, 5), [msg(2), msg(3), msg(4)]);
    expect(shown(list)).toBe('2 3 4 5');
  });

  it('takes of a page of history what there is room for, the newest first, and leaves no hole', () => {
    const list = lists.withHistory(filled(3, 5, 6), [msg(2), msg(3), msg(4)]);
    expect(shown(list)).toBe('4 5 6');
    expect(list.isCut).toBe(true);
  });
});

describe('an own message', () => {
  const queued = lists.withOwn(filled(10, 1), 'own:1', 'hi', 0);

  it('goes from queued over sent to stored under one key', () => {
    const sent = lists.withStep(queued, 'own:1', 'sent');
    const acked = lists.withOutcome(sent, 'own:1', { status: 'acked', offset: 2 }, 1);
    const told = lists.withMessage(acked, msg(2, 'hi', { own: true }));
    expect([queued, sent, acked, told].map(shown)).toEqual([
      '1 hi(queued)',
      '1 hi(sent)',
      '1 2(stored)',
      '1 2(stored)',
    ]);
    expect(told.entries.map(({ key }) => key)).toEqual(['1:1', 'own:1']);
    expect(told.entries[1]).toMatchObject({ id: 'm2', user: 'ann' });
  });

  it('is not shown twice when it is told before it is acknowledged', () => {
    const told = lists.withMessage(queued, msg(2, 'hi', { own: true }));
    const acked = lists.withOutcome(told, 'own:1', { status: 'acked', offset: 2 }, 1);
    expect([told, acked].map(shown)).toEqual(['1 2(stored)', '1 2(stored)']);
  });

  it('stands where its offset says once it is acknowledged, though a message before it comes later', () => {
    const acked = lists.withOutcome(queued, 'own:1', { status: 'acked', offset: 3 }, 1);
    expect(shown(lists.withMessage(acked, msg(2)))).toBe('1 2 3(stored)');
  });

  it('is known again when it was acknowledged before anything was known of the log', () => {
    const first = lists.withOwn(lists.emptyList(10), 'own:1', 'hi', 0);
    const acked = lists.withOutcome(first, 'own:1', { status: 'acked', offset: 1 }, undefined);
    const told = lists.withMessage(acked, msg(1, 'hi', { own: true }));
    expect([acked, told].map(shown)).toEqual(['1(stored)', '1(stored)']);
    expect(told.entries[0]).toMatchObject({ key: 'own:1', id: 'm1', epoch: 1 });
  });

  it('is not taken for one with another content', () => {
    const list = lists.withMessage(queued, msg(2, 'other', { own: true }));
    expect(shown(list)).toBe('1 2(stored) hi(queued)');
  });

  it('fails with its reason, and does not go back', () => {
    const failed = lists.withOutcome(
      queued,
      'own:1',
      { status: 'dropped', reason: 'queue_full', code: undefined },
      1,
    );
    expect(failed.entries[1]).toMatchObject({ status: 'failed', reason: 'queue_full' });
    expect(lists.withStep(failed, 'own:1', 'sent')).toBe(failed);
    expect(shown(lists.without(failed, 'own:1'))).toBe('1');
  });
});
