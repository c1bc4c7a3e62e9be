/** The life of a page: offline and back, frozen and thawed, away and back. */

import { expect, inject } from 'vitest';
import { eventually, numbers, test, until } from '../support/test.js';

const begin = (url: string) => {
  bench.kept.client = bench.connect(url);
  bench.kept.reader = bench.read(bench.kept.client, 'room');
  bench.kept.lost = 0;
  bench.kept.client.addEventListener('disconnected', () => {
    bench.kept.lost += 1;
  });
};

test('req_c10_fault_45_an_offline_event_that_lies_ends_no_working_connection', async ({ open, link }) => {
  const page = await open();
  await page.evaluate(begin, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  for (const round of [0, 1, 2]) {
    await page.evaluate(
      (first) => {
        dispatchEvent(new Event('offline'));
        bench.publish(bench.kept.client, 'room', first, first + 9);
        dispatchEvent(new Event('online'));
      },
      round * 10 + 1,
    );
    await until(page, (count) => bench.kept.reader.numbers.length === count, round * 10 + 10);
  }
  expect(await page.evaluate(() => [bench.kept.lost, bench.kept.client.state])).toEqual([0, 'connected']);
  expect(await page.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 30));
});

test('req_c10_a_browser_that_is_offline_keeps_what_is_sent_and_delivers_it_when_it_is_back', async ({
  open,
  link,
  context,
}) => {
  const page = await open();
  await page.evaluate(begin, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  // Chromium keeps the socket open then, and lets nothing through: only a probe can tell.
  await context.setOffline(true);
  await page.evaluate(() => bench.publish(bench.kept.client, 'room', 1, 10));
  await until(page, () => bench.kept.client.state !== 'connected');
  await page.evaluate(() => bench.publish(bench.kept.client, 'room', 11, 20));
  await context.setOffline(false);
  await until(page, () => bench.kept.reader.numbers.length === 20);
  expect(await page.evaluate(() => [bench.kept.lost, bench.kept.reader.numbers])).toEqual([
    1,
    numbers(1, 20),
  ]);
  expect((await link.server.log('room')).length).toBe(20);
});

test('req_c10_online_ends_a_long_wait_at_once', async ({ open, link, context }) => {
  const page = await open();
  // Before the first welcome: a server that was heard names a wait that is shorter.
  await context.setOffline(true);
  await link.proxy.down();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url, {
      settings: { backoffMinMs: 60_000, backoffMaxMs: 60_000, jitter: 'none', returnWindowMs: false },
    });
  }, link.url('anna'));
  await until(page, () => bench.kept.client.getSnapshot().nextAttemptAt > Date.now() + 30_000);
  await link.proxy.heal();
  await context.setOffline(false);
  await until(page, () => bench.kept.client.state === 'connected');
});

test('fault_40_fault_42_fault_43_a_page_that_was_frozen_reads_what_it_missed_once', async ({
  open,
  link,
}) => {
  const [page, writer] = [await open(), await open()];
  await page.evaluate(begin, link.url('anna'));
  await writer.evaluate(begin, link.url('berta'));
  for (const each of [page, writer]) await until(each, () => bench.kept.client.state === 'connected');
  const session = await page.context().newCDPSession(page);
  for (const round of [0, 1]) {
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await writer.evaluate(
      (first) => bench.publish(bench.kept.client, 'room', first, first + 49),
      round * 50 + 1,
    );
    await until(writer, (count) => bench.kept.reader.numbers.length === count, round * 50 + 50);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await until(page, (count) => bench.kept.reader.numbers.length === count, round * 50 + 50);
  }
  expect(await page.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 100));
  await eventually(
    'two connections',
    () => link.server.connections(),
    (count) => count === 2,
  );
});

test('fault_43_a_page_that_comes_back_from_the_back_forward_cache_has_one_socket_and_all_messages', async ({
  open,
  link,
}) => {
  const [page, writer] = [await open(), await open()];
  await page.evaluate(begin, link.url('anna'));
  await writer.evaluate(begin, link.url('berta'));
  for (const each of [page, writer]) await until(each, () => bench.kept.client.state === 'connected');
  await page.evaluate(() => {
    bench.kept.shown = [];
    addEventListener('pageshow', ({ persisted }) => bench.kept.shown.push(persisted));
  });
  await page.goto(`${inject('site')}/strict`);
  // Its socket went with it: the server knows without waiting for silence.
  await eventually(
    'one connection',
    () => link.server.connections(),
    (count) => count === 1,
  );
  await writer.evaluate(() => bench.publish(bench.kept.client, 'room', 1, 50));
  await until(writer, () => bench.kept.reader.numbers.length === 50);
  // A page that is restored does not load.
  await page.goBack({ waitUntil: 'commit' });
  await until(page, () => bench.kept.reader.numbers.length === 50);
  expect(await page.evaluate(() => [bench.kept.shown, bench.kept.reader.numbers])).toEqual([
    [true],
    numbers(1, 50),
  ]);
  await eventually(
    'two connections',
    () => link.server.connections(),
    (count) => count === 2,
  );
});
