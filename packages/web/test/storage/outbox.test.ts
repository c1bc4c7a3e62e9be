import { afterEach, describe, expect, test } from 'vitest';
import type { OutboxEntry, OutboxStore } from '../../src/api.js';
import { indexedDbOutbox, type StorageError, type StorageOptions } from '../../src/storage/index.js';
import { Browser, type Page } from '../support/pages.js';
import { rejection, until } from '../support/waiting.js';

let browser = new Browser();
afterEach(() => {
  browser.killAll();
  browser = new Browser();
});

const reports: StorageError[] = [];
afterEach(() => {
  reports.length = 0;
});

function outboxOf(page: Page, limits?: { messagesMax?: number; bytesMax?: number }): OutboxStore {
  const options: StorageOptions = {
    environment: page.environment,
    onError: (error) => page.isAlive && reports.push(error),
  };
  return indexedDbOutbox('chat', limits, options);
}

/** A page with its outbox, and what was left to it. */
async function opened(
  producer: string,
  options: { locks?: boolean; limits?: { messagesMax?: number; bytesMax?: number } } = {},
) {
  const page = browser.page(options);
  const outbox = outboxOf(page, options.limits);
  const left: OutboxEntry[] = [];
  await outbox.open(producer);
  outbox.onLeft((entries) => left.push(...entries));
  return { page, outbox, left };
}

function entry(
  producer: string,
  sequence: number,
  payload: OutboxEntry['payload'] = `m-${sequence}`,
): OutboxEntry {
  return { channel: 'room/1', producer, sequence, before: undefined, payload, takenAt: browser.clock };
}

const sequences = (entries: readonly OutboxEntry[]) =>
  entries.map(({ producer, sequence }) => `${producer}:${sequence}`);

describe('a durable outbox', () => {
  test('req_c10_what_a_killed_page_left_comes_to_the_next_one_in_order_with_its_numbers', async () => {
    const first = await opened('p-1');
    const bytes = new Uint8Array([0, 255, 16]);
    await first.outbox.put([entry('p-1', 1, { text: 'hi', list: [1, null, true] }), entry('p-1', 2, bytes)]);
    await first.outbox.put([{ ...entry('p-1', 5), before: 2 }]);
    first.page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length === 3);
    expect(second.left).toEqual([
      entry('p-1', 1, { text: 'hi', list: [1, null, true] }),
      entry('p-1', 2, bytes),
      { ...entry('p-1', 5), before: 2 },
    ]);
  });

  test('what_was_removed_does_not_come_back', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1), entry('p-1', 2), entry('p-1', 3)]);
    await first.outbox.remove([entry('p-1', 2), entry('p-1', 9)]);
    first.page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length === 2);
    expect(sequences(second.left)).toEqual(['p-1:1', 'p-1:3']);
  });

  test('fault_48_a_page_that_lives_keeps_its_entries', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    const second = await opened('p-2');
    await second.outbox.put([entry('p-2', 1)]);
    second.page.kill();
    await until(() => first.left.length === 1);
    expect(sequences(first.left)).toEqual(['p-2:1']);
    expect(second.left).toEqual([]);
  });

  test('fault_48_when_a_page_ends_exactly_one_of_the_others_gets_its_entries', async () => {
    const dying = await opened('p-0');
    const others = await Promise.all([opened('p-1'), opened('p-2'), opened('p-3')]);
    await dying.outbox.put([entry('p-0', 1), entry('p-0', 2)]);
    dying.page.kill();
    await until(() => others.some((other) => other.left.length > 0));
    const last = await opened('p-9'); // Whoever comes later finds nothing more.
    await last.outbox.put([entry('p-9', 1)]);
    expect(others.flatMap((other) => sequences(other.left))).toEqual(['p-0:1', 'p-0:2']);
    expect(last.left).toEqual([]);
  });

  test('what_was_taken_over_is_taken_over_again_when_that_page_ends_too', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    first.page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length === 1);
    await second.outbox.put([entry('p-2', 1)]);
    second.page.kill();
    const third = await opened('p-3');
    await until(() => third.left.length === 2);
    expect(sequences(third.left)).toEqual(['p-1:1', 'p-2:1']);
  });

  test('req_n01_a_thousand_entries_come_in_order_each_exactly_once', async () => {
    const pages = [await opened('p-1'), await opened('p-2')];
    const puts = Array.from({ length: 1000 }, (_, at) => {
      const producer = at % 2 === 0 ? 'p-1' : 'p-2';
      return pages[at % 2]?.outbox.put([entry(producer, Math.floor(at / 2) + 1)]);
    });
    await Promise.all(puts);
    for (const { page } of pages) {
      page.kill();
    }
    const heirs = await Promise.all([opened('p-3'), opened('p-4')]);
    await until(() => heirs.reduce((sum, heir) => sum + heir.left.length, 0) === 1000);
    const all = heirs.flatMap((heir) => heir.left);
    for (const producer of ['p-1', 'p-2']) {
      const numbers = all.filter((left) => left.producer === producer).map((left) => left.sequence);
      expect(numbers).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
    }
  });

  test('a_turn_of_puts_is_one_transaction_that_asks_for_the_disk', async () => {
    const { page, outbox } = await opened('p-1');
    const asked: (IDBTransactionOptions | undefined)[] = [];
    page.onTransaction = (mode, options) => mode === 'readwrite' && asked.push(options);
    await Promise.all([
      outbox.put([entry('p-1', 1)]),
      outbox.put([entry('p-1', 2)]),
      outbox.put([entry('p-1', 3)]),
    ]);
    expect(asked).toEqual([{ durability: 'strict' }]);
  });

  test('fault_59_a_page_killed_in_mid_write_leaves_all_of_a_put_or_nothing', async () => {
    const outcomes = new Set<number>();
    for (let adds = 1; adds <= 4; adds += 1) {
      const first = await opened('p-1');
      first.page.killAfterAdds(adds);
      const put = [1, 2, 3].map((sequence) => entry('p-1', sequence));
      await Promise.race([first.outbox.put(put).catch(() => undefined), until(() => !first.page.isAlive)]);
      first.page.kill();
      const raw = await openRaw('everlink:outbox:chat', 1);
      const count = raw.transaction(['entries']).objectStore('entries').count();
      await until(() => count.readyState === 'done');
      outcomes.add(count.result);
      browser.killAll();
      browser = new Browser();
    }
    expect([...outcomes].sort()).toEqual([0, 3]);
  });

  test('one_that_was_closed_can_be_opened_again_for_another_producer_and_finds_what_it_left', async () => {
    const { outbox, left } = await opened('p-1');
    await outbox.put([entry('p-1', 1)]);
    await outbox.close();
    expect(left).toEqual([]);
    await outbox.open('p-2');
    outbox.onLeft((entries) => left.push(...entries));
    await until(() => left.length === 1);
    await outbox.put([entry('p-2', 1)]);
    await outbox.close();
    const third = await opened('p-3');
    await until(() => third.left.length === 2);
    expect(sequences(third.left)).toEqual(['p-1:1', 'p-2:1']);
  });

  test('an_entry_that_is_put_twice_is_one_entry', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    await first.outbox.put([entry('p-1', 1), entry('p-1', 2)]);
    first.page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length > 0);
    expect(sequences(second.left)).toEqual(['p-1:1', 'p-1:2']);
  });
});

describe('bounds of an outbox', () => {
  test('fault_58_a_full_outbox_names_what_is_full_and_keeps_what_it_has', async () => {
    const { outbox, page } = await opened('p-1', { limits: { messagesMax: 3 } });
    await outbox.put([entry('p-1', 1), entry('p-1', 2)]);
    const small = outbox.put([entry('p-1', 3)]);
    const error = await rejection(outbox.put([entry('p-1', 4), entry('p-1', 5)]));
    await small; // One that does not fit harms no other of its turn.
    expect(error).toMatchObject({
      problem: 'full',
      fields: { limit: 'messagesMax', stored: 3, asked: 2, most: 3 },
    });
    await outbox.remove([entry('p-1', 1)]);
    await outbox.put([entry('p-1', 4)]);
    page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length > 0);
    expect(sequences(second.left)).toEqual(['p-1:2', 'p-1:3', 'p-1:4']);
  });

  test('bytes_are_bounded_for_all_tabs_together', async () => {
    const limits = { bytesMax: 1024 };
    const [first, second] = [await opened('p-1', { limits }), await opened('p-2', { limits })];
    await first.outbox.put([entry('p-1', 1, 'x'.repeat(600))]);
    const error = await rejection(second.outbox.put([entry('p-2', 1, 'x'.repeat(600))]));
    expect(error).toMatchObject({ problem: 'full', fields: { limit: 'bytesMax', stored: 602, most: 1024 } });
    await first.outbox.remove([entry('p-1', 1)]);
    await second.outbox.put([entry('p-2', 1, 'x'.repeat(600))]);
  });

  test('fault_58_a_browser_without_room_says_quota_and_takes_it_later', async () => {
    const { outbox, page } = await opened('p-1');
    await outbox.put([entry('p-1', 1)]);
    page.quota = 0;
    expect(await rejection(outbox.put([entry('p-1', 2)]))).toMatchObject({ problem: 'quota' });
    page.quota = Infinity;
    await outbox.put([entry('p-1', 2)]);
    page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length > 0);
    expect(sequences(second.left)).toEqual(['p-1:1', 'p-1:2']);
  });

  test('fault_58_one_that_needs_too_much_room_does_not_take_its_turn_with_it', async () => {
    const { outbox, page } = await opened('p-1');
    page.quota = 1000;
    const [big, small] = [outbox.put([entry('p-1', 1, 'x'.repeat(2000))]), outbox.put([entry('p-1', 2)])];
    expect(await rejection(big)).toMatchObject({ problem: 'quota' });
    await small;
  });

  test.each([
    ['messagesMax', 0],
    ['messagesMax', 1.5],
    ['bytesMax', 1023],
    ['bytesMax', 2 ** 32],
  ])('a_limit_out_of_its_range_is_named_%s_%d', (name, value) => {
    const make = () => outboxOf(browser.page(), { [name]: value });
    expect(make).toThrow(new RegExp(`${name} is ${value}; accepted`));
  });

  test.each([
    ['channel', { channel: '' }],
    ['channel', { channel: 'é'.repeat(300) }],
    ['producer', { producer: 'p'.repeat(257) }],
    ['sequence', { sequence: 0 }],
    ['before', { before: 7 }],
    ['takenAt', { takenAt: Number.NaN }],
    ['payload', { payload: Number.POSITIVE_INFINITY }],
    ['payload', { payload: { run: () => 1 } as never }],
    ['payload', { payload: new Date() as never }],
  ])('what_cannot_be_kept_is_refused_and_named_%s', async (field, wrong) => {
    const { outbox } = await opened('p-1');
    const error = await rejection(outbox.put([{ ...entry('p-1', 7), ...wrong }]));
    expect(error).toMatchObject({ problem: 'invalid', fields: { field } });
  });
});

describe('a page that rests', () => {
  test('fault_43_a_frozen_page_hands_its_entries_on_and_takes_them_back', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    const second = await opened('p-2');
    first.page.signal('frozen');
    await until(() => second.left.length === 1);
    first.page.signal('resumed');
    await first.outbox.put([entry('p-1', 2)]);
    await until(() => browser.locks.isHeld('everlink:outbox:chat:page:p-1'));
    first.page.kill();
    // All of one producer comes together, so that nobody sends the second without the first.
    await until(() => second.left.length === 3);
    expect(sequences(second.left)).toEqual(['p-1:1', 'p-1:1', 'p-1:2']);
  });

  test('fault_43_a_page_in_the_back_forward_cache_holds_no_lock_and_no_database', async () => {
    const first = await opened('p-1');
    first.page.signal('pagehide');
    await until(() => first.page.openDatabases === 0);
    expect(browser.locks.isHeld('everlink:outbox:chat:page:p-1')).toBe(false);
    first.page.signal('pageshow');
    await until(() => browser.locks.isHeld('everlink:outbox:chat:page:p-1'));
    await first.outbox.put([entry('p-1', 1)]);
  });
});

describe('an outbox without Web Locks', () => {
  test('a_page_that_is_silent_for_longer_than_its_lease_counts_as_gone', async () => {
    const [first, second] = [await opened('p-1', { locks: false }), await opened('p-2', { locks: false })];
    await first.outbox.put([entry('p-1', 1)]);
    await until(() => second.page.timers === 1);
    for (let at = 0; at < 6; at += 1) {
      browser.advance(20_000); // Both renew.
      await until(() => first.page.timers === 1 && second.page.timers === 1);
    }
    expect(second.left).toEqual([]);
    first.page.kill();
    for (let at = 0; at < 5; at += 1) {
      browser.advance(20_000);
      await until(() => second.page.timers === 1);
    }
    expect(sequences(second.left)).toEqual(['p-1:1']);
  });

  test('a_page_that_was_closed_is_gone_at_the_next_look', async () => {
    const [first, second] = [await opened('p-1', { locks: false }), await opened('p-2', { locks: false })];
    await first.outbox.put([entry('p-1', 1)]);
    await first.outbox.close();
    browser.advance(20_000);
    await until(() => second.left.length === 1);
    await second.outbox.close();
    expect(second.page.timers).toBe(0);
  });
});

describe('a store that cannot be used', () => {
  test('without_IndexedDB_the_error_says_so', async () => {
    const outbox = indexedDbOutbox(
      'chat',
      {},
      { environment: { ...browser.page().environment, indexedDB: undefined } },
    );
    expect(await rejection(outbox.open('p-1'))).toMatchObject({ problem: 'unavailable' });
    expect(await rejection(outbox.put([entry('p-1', 1)]))).toMatchObject({ problem: 'unavailable' });
    expect(await rejection(outboxOf(browser.page()).put([entry('p-1', 1)]))).toMatchObject({
      problem: 'closed',
    });
  });

  test('one_that_could_not_be_opened_is_opened_by_the_next_put', async () => {
    const page = browser.page();
    const outbox = outboxOf(page);
    page.failNextPut = 'UnknownError';
    expect(await rejection(outbox.open('p-1'))).toMatchObject({ problem: 'failed' });
    await outbox.put([entry('p-1', 1)]);
    page.kill();
    const second = await opened('p-2');
    await until(() => second.left.length === 1);
  });

  test('a_private_mode_that_refuses_is_told_as_such', async () => {
    const open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    const environment = { ...browser.page().environment, indexedDB: { open } as unknown as IDBFactory };
    expect(await rejection(indexedDbOutbox('chat', {}, { environment }).open('p-1'))).toMatchObject({
      problem: 'unavailable',
    });
  });

  test('a_database_of_a_newer_version_is_left_alone', async () => {
    await openRaw('everlink:outbox:chat', 2);
    const error = await rejection(outboxOf(browser.page()).open('p-1'));
    expect(error).toMatchObject({ problem: 'newerVersion', fields: { supported: 1 } });
  });

  test('an_upgrade_by_a_newer_page_is_not_blocked_by_ours', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    await openRaw('everlink:outbox:chat', 2);
    expect(await rejection(first.outbox.put([entry('p-1', 2)]))).toMatchObject({ problem: 'newerVersion' });
  });

  test('an_upgrade_that_another_page_blocks_is_told', async () => {
    const request = browser.indexedDB.open('everlink:outbox:chat', 1);
    await until(() => request.readyState === 'done'); // Holds on to it whatever it is asked.
    const page = browser.page();
    page.schemaVersion = 2;
    expect(await rejection(outboxOf(page).open('p-1'))).toMatchObject({ problem: 'blocked' });
    request.result.close();
  });

  test('a_producer_that_lives_in_another_page_is_refused', async () => {
    await opened('p-1');
    expect(await rejection(outboxOf(browser.page()).open('p-1'))).toMatchObject({
      problem: 'inUse',
      fields: { page: 'p-1' },
    });
  });

  test('a_connection_that_the_browser_closed_is_opened_again', async () => {
    const { page, outbox } = await opened('p-1');
    page.loseDatabases();
    await outbox.put([entry('p-1', 1)]);
  });
});

describe('damage', () => {
  test('a_broken_entry_is_reported_and_taken_out_and_the_others_come', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1), entry('p-1', 2), entry('p-1', 3)]);
    first.page.kill();
    const raw = await openRaw('everlink:outbox:chat', 1);
    const store = raw.transaction(['entries'], 'readwrite').objectStore('entries');
    store.put({ owner: 'p-1', channel: 7, payload: undefined }, 2);
    await until(() => store.count().readyState !== undefined);
    raw.close();
    const second = await opened('p-2');
    await until(() => second.left.length > 0);
    expect(sequences(second.left)).toEqual(['p-1:1', 'p-1:3']);
    expect(reports.map(({ problem, fields }) => [problem, fields.entry])).toEqual([['damaged', '2']]);
  });

  test('a_note_of_how_much_there_is_that_makes_no_sense_is_counted_anew', async () => {
    const { outbox } = await opened('p-1', { limits: { messagesMax: 2 } });
    await outbox.put([entry('p-1', 1)]);
    const raw = await openRaw('everlink:outbox:chat', 1);
    raw
      .transaction(['census'], 'readwrite')
      .objectStore('census')
      .put({ messages: -3, bytes: 'many' }, 'noted');
    raw.close();
    await outbox.put([entry('p-1', 2)]);
    expect(await rejection(outbox.put([entry('p-1', 3)]))).toMatchObject({
      problem: 'full',
      fields: { stored: 2 },
    });
  });

  test('a_message_of_another_page_that_means_nothing_is_left_alone', async () => {
    const first = await opened('p-1');
    const stranger = new BroadcastChannel('everlink:outbox:chat');
    for (const data of [undefined, null, 7, { type: 'opened' }, 'open']) {
      stranger.postMessage(data);
    }
    stranger.close();
    await first.outbox.put([entry('p-1', 1)]);
    expect(reports).toEqual([]);
  });

  test('a_listener_that_throws_is_reported_and_harms_nobody', async () => {
    const first = await opened('p-1');
    await first.outbox.put([entry('p-1', 1)]);
    first.page.kill();
    const second = outboxOf(browser.page());
    const left: OutboxEntry[] = [];
    await second.open('p-2');
    second.onLeft(() => {
      throw new Error('of the application');
    });
    second.onLeft((entries) => left.push(...entries));
    await until(() => left.length === 1);
    expect(reports).toHaveLength(1);
  });
});

async function openRaw(name: string, version: number): Promise<IDBDatabase> {
  const request = browser.indexedDB.open(name, version);
  await until(() => request.readyState === 'done');
  return request.result;
}
