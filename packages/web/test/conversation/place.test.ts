import { describe, expect, it } from 'vitest';
import { urlAt, withoutQuery } from '../../src/conversation/endpoint.js';
import { ConversationPlace } from '../../src/conversation/place.js';
import { RANGES_MAX, SequenceRanges } from '../../src/conversation/ranges.js';

const message = (sequence: number, id = `m-${sequence}`) => ({
  type: 'message',
  id,
  sequence_number: sequence,
});

describe('ConversationPlace', () => {
  it('req_m07_a_copy_is_known_by_its_id_or_its_number', () => {
    const place = new ConversationPlace();
    expect(place.take(message(1))).toBe(true);
    expect(place.take(message(1, 'another name'))).toBe(false);
    expect(place.take(message(2, 'm-1'))).toBe(false);
    expect(place.take({ type: 'message', id: 'only a name' })).toBe(true);
    expect(place.take({ type: 'message', id: 'only a name' })).toBe(false);
    expect(place.take({ type: 'message', sequence_number: 3 })).toBe(true);
  });

  it('req_m07_a_late_message_of_a_server_without_order_is_no_copy', () => {
    const place = new ConversationPlace();
    expect([3, 1, 2, 2, 5, 4].map((sequence) => place.take(message(sequence)))).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it('req_m08_a_cut_before_the_first_message_still_knows_where_to_go_on', () => {
    const place = new ConversationPlace();
    expect(place.get()).toBeUndefined();
    place.ready({ type: 'ready', epoch: 7, sequence_number: 40, replay: 0 });
    expect(place.get()).toEqual({ epoch: 7, after: 40 });
  });

  it('req_m08_a_cut_within_the_first_replay_goes_on_behind_what_came', () => {
    const place = new ConversationPlace();
    place.ready({ type: 'ready', epoch: 7, sequence_number: 40, replay: 10 });
    expect(place.get()).toEqual({ epoch: 7, after: 30 });
    place.take(message(31));
    place.ready({ type: 'ready', epoch: 7, sequence_number: 50, replay: 19 });
    expect(place.get()).toEqual({ epoch: 7, after: 31 });
  });

  it('req_m08_a_log_with_a_new_life_is_read_from_its_beginning_and_copies_are_still_known_by_name', () => {
    const place = new ConversationPlace();
    place.ready({ type: 'ready', epoch: 7, sequence_number: 0, replay: 0 });
    for (const sequence of [1, 2, 3]) {
      place.take(message(sequence));
    }
    place.ready({ type: 'ready', epoch: 8, sequence_number: 2, replay: 2 });
    expect(place.get()).toEqual({ epoch: 8, after: 0 });
    expect(place.take(message(1, 'm-3'))).toBe(false);
    expect(place.take(message(2, 'new'))).toBe(true);
    expect(place.get()).toEqual({ epoch: 8, after: 2 });
  });

  it('a gap moves the place, and what is no number moves nothing', () => {
    const place = new ConversationPlace();
    place.ready({ type: 'ready', epoch: 1, sequence_number: 9, replay: 9 });
    place.gap({ type: 'gap', from: 1, to: 4, why: 'expired' });
    expect(place.get()).toEqual({ epoch: 1, after: 4 });
    place.gap({ type: 'gap', from: 1, to: 2, why: 'epoch', epoch: 3 });
    expect(place.get()).toEqual({ epoch: 3, after: 2 });
    place.gap({ type: 'gap', to: '9' });
    place.ready({ type: 'ready', epoch: null, sequence_number: -1 });
    place.take({ type: 'message', sequence_number: 1.5, id: 7 });
    expect(place.get()).toEqual({ epoch: 3, after: 2 });
  });
});

describe('SequenceRanges', () => {
  it('keeps a conversation without holes in one range, in whatever order it comes', () => {
    const ranges = new SequenceRanges();
    const numbers = Array.from({ length: 997 }, (_, at) => ((at * 331) % 997) + 1);
    expect(numbers.every((number) => ranges.add(number))).toBe(true);
    expect(numbers.some((number) => ranges.add(number))).toBe(false);
    expect(ranges.size).toBe(1);
  });

  it('is bounded, however many holes there are', () => {
    const ranges = new SequenceRanges();
    for (let number = 1; number < 10_000; number += 2) {
      ranges.add(number);
    }
    expect(ranges.size).toBe(RANGES_MAX);
    expect(ranges.add(9998)).toBe(true);
    expect(ranges.add(9998)).toBe(false);
  });
});

describe('urlAt', () => {
  const url = 'ws://host/ws?conversation_id=a%26b&user_id=ann';

  it('req_m08_says_where_to_go_on', () => {
    const at = new URL(urlAt(url, { epoch: 3, after: 41 }, undefined));
    expect(Object.fromEntries(at.searchParams)).toEqual({
      conversation_id: 'a&b',
      user_id: 'ann',
      events: 'ready',
      after: '41',
      epoch: '3',
    });
  });

  it('asks for a past only while there is no place, and leaves what the URL asks for', () => {
    expect(new URL(urlAt(url, undefined, 20)).searchParams.get('replay')).toBe('20');
    expect(
      new URL(urlAt(`${url}&replay=7`, { epoch: undefined, after: 1 }, 20)).searchParams.has('replay'),
    ).toBe(false);
    expect(new URL(urlAt(`${url}&events=read,ready`, undefined, undefined)).searchParams.get('events')).toBe(
      'read,ready',
    );
    expect(withoutQuery(url)).toBe('ws://host/ws');
  });
});
