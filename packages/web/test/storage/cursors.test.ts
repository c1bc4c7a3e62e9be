import { afterEach, expect, test } from 'vitest';
import { indexedDbCursors, type StorageError } from '../../src/storage/index.js';
import { Browser, type Page } from '../support/pages.js';
import { rejection, until } from '../support/waiting.js';

let browser = new Browser();
const reports: StorageError[] = [];
afterEach(() => {
  browser.killAll();
  browser = new Browser();
  reports.length = 0;
});

function cursorsOf(page: Page) {
  return indexedDbCursors('chat', {
    environment: page.environment,
    onError: (error) => page.isAlive && reports.push(error),
  });
}

test('req_n01_a_cursor_that_was_flushed_survives_the_page', async () => {
  const page = browser.page();
  const cursors = cursorsOf(page);
  for (let offset = 1; offset <= 100; offset += 1) {
    cursors.save('room/1', { epoch: 3, offset });
  }
  cursors.save('room/2', { epoch: 1, offset: 0 });
  await cursors.flush();
  page.kill();
  const next = cursorsOf(browser.page());
  expect(await next.load('room/1')).toEqual({ epoch: 3, offset: 100 });
  expect(await next.load('room/2')).toEqual({ epoch: 1, offset: 0 });
  expect(await next.load('room/3')).toBeUndefined();
});

test('what_is_saved_is_loaded_before_it_is_written', async () => {
  const cursors = cursorsOf(browser.page());
  cursors.save('room/1', { epoch: 1, offset: 7 });
  expect(await cursors.load('room/1')).toEqual({ epoch: 1, offset: 7 });
});

test('many_saves_of_a_turn_are_one_transaction', async () => {
  const page = browser.page();
  const cursors = cursorsOf(page);
  const writes: IDBTransactionMode[] = [];
  page.onTransaction = (mode) => mode === 'readwrite' && writes.push(mode);
  for (let offset = 1; offset <= 1000; offset += 1) {
    cursors.save(`room/${offset % 10}`, { epoch: 1, offset });
  }
  await cursors.flush();
  expect(writes).toHaveLength(1);
});

test('fault_48_a_tab_that_is_behind_takes_nothing_back_from_one_that_is_ahead', async () => {
  const [ahead, behind] = [cursorsOf(browser.page()), cursorsOf(browser.page())];
  ahead.save('room/1', { epoch: 2, offset: 50 });
  await ahead.flush();
  behind.save('room/1', { epoch: 2, offset: 49 });
  await behind.flush();
  expect(await ahead.load('room/1')).toEqual({ epoch: 2, offset: 50 });
  behind.save('room/1', { epoch: 3, offset: 1 });
  await behind.flush();
  expect(await ahead.load('room/1')).toEqual({ epoch: 3, offset: 1 });
});

test('fault_58_a_cursor_that_could_not_be_written_is_written_with_the_next', async () => {
  const page = browser.page();
  const cursors = cursorsOf(page);
  await cursors.load('room/1');
  page.failNextPut = 'QuotaExceededError';
  cursors.save('room/1', { epoch: 1, offset: 1 });
  expect(await rejection(cursors.flush())).toMatchObject({ problem: 'quota' });
  expect(reports.map((error) => error.problem)).toEqual(['quota']);
  cursors.save('room/2', { epoch: 1, offset: 2 });
  await cursors.flush();
  page.kill();
  expect(await cursorsOf(browser.page()).load('room/1')).toEqual({ epoch: 1, offset: 1 });
});

test('a_broken_cursor_is_reported_and_left_out', async () => {
  const cursors = cursorsOf(browser.page());
  await cursors.load('room/1');
  const request = browser.indexedDB.open('everlink:cursors:chat', 1);
  await until(() => request.readyState === 'done');
  request.result
    .transaction(['cursors'], 'readwrite')
    .objectStore('cursors')
    .put({ epoch: -1, offset: '7' }, 'room/1');
  request.result.close();
  expect(await cursors.load('room/1')).toBeUndefined();
  expect(reports.map((error) => error.problem)).toEqual(['damaged']);
  cursors.save('room/1', { epoch: 1, offset: 1.5 });
  expect(reports.map((error) => error.problem)).toEqual(['damaged', 'invalid']);
  cursors.save('room/1', { epoch: 1, offset: 2 });
  await cursors.flush();
  expect(await cursors.load('room/1')).toEqual({ epoch: 1, offset: 2 });
});

test('what_is_closed_says_so_and_writes_what_it_had', async () => {
  const cursors = cursorsOf(browser.page());
  cursors.save('room/1', { epoch: 1, offset: 1 });
  await cursors.close();
  expect(await rejection(cursors.load('room/2'))).toMatchObject({ problem: 'closed' });
  expect(await cursorsOf(browser.page()).load('room/1')).toEqual({ epoch: 1, offset: 1 });
});
