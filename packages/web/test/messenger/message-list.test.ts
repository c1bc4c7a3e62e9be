import { describe, expect, it } from 'vitest';
import { MessageList } from '../../src/messenger/message-list.js';

const message = (sequence: number, id = `m-${sequence}`) => ({
  type: 'message',
  id,
  sequence_number: sequence,
});
const numbers = (list: MessageList) => list.all.map((frame) => frame.sequence_number);

describe('MessageList', () => {
  it('req_m07_sorts_by_sequence_and_drops_copies_by_id_or_sequence', () => {
    const list = new MessageList(100);
    for (const frame of [
      message(2),
      message(4),
      message(1),
      message(3),
      message(4, 'x'),
      message(9, 'm-1'),
    ]) {
      list.add(frame);
    }
    expect(list.all.map((frame) => frame.id)).toEqual(['m-1', 'm-2', 'm-3', 'm-4']);
  });

  it('keeps the newest, and takes what is no message for nothing', () => {
    const list = new MessageList(3);
    for (const frame of [1, 2, 3, 4, 5].map((sequence) => message(sequence))) {
      list.add(frame);
    }
    list.add({ type: 'message', id: 'no number' });
    list.add({ type: 'message', sequence_number: 9 });
    expect(numbers(list)).toEqual([3, 4, 5]);
  });

  it('keeps what was said before the log began a new life in front of it', () => {
    const list = new MessageList(4);
    list.begin(1);
    list.add(message(1));
    list.add(message(2));
    list.begin(2);
    list.add(message(2, 'second of the new life'));
    list.add(message(1, 'first of the new life'));
    list.add(message(3, 'm-2'));
    expect(numbers(list)).toEqual([1, 2, 1, 2]);
    list.add(message(3, 'third'));
    expect(numbers(list)).toEqual([2, 1, 2, 3]);
  });

  it('is the same list until there is another message', () => {
    const list = new MessageList(4);
    list.add(message(1));
    const before = list.all;
    list.add(message(1));
    expect(list.all).toBe(before);
    list.add(message(2));
    expect(list.all).not.toBe(before);
    expect(before).toHaveLength(1);
  });
});
