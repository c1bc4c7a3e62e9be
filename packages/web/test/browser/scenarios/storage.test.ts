/** What survives a page: IndexedDB of a real browser. */

import { expect } from 'vitest';
import { numbers, test, until } from '../support/test.js';

test('req_c10_req_m06_messages_queued_in_an_outage_survive_a_reload_and_arrive_once', async ({
  open,
  link,
}) => {
  const page = await open();
  const begin = (url: string) => {
    bench.kept.client = bench.connect(url, { outbox: bench.indexedDbOutbox('reload') });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  };
  await page.evaluate(begin, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  await link.proxy.down();
  await until(page, () => bench.kept.client.state !== 'connected');
  await page.evaluate(async () => {
    const tickets = Array.from({ length: 100 }, (_, at) =>
      bench.kept.client.publish('room', { plaintext: `n ${at + 1}` }),
    );
    await Promise.all(tickets.map(({ stored }) => stored));
  });
  await page.reload();
  await until(page, () => 'bench' in globalThis);
  await page.evaluate(begin, link.url('anna'));
  await until(page, () => bench.kept.client.getSnapshot().attempts > 0);
  expect(await link.server.log('room')).toEqual([]);
  await link.proxy.heal();
  await until(page, () => bench.kept.reader.numbers.length >= 100);
  expect(await page.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 100));
  expect((await link.server.log('room')).length).toBe(100);
});

test('fault_54_fault_59_a_crash_of_the_page_loses_nothing_that_was_stored_and_another_page_delivers_it', async ({
  open,
  link,
}) => {
  const [page, other] = [await open(), await open()];
  const begin = (url: string) => {
    bench.kept.client = bench.connect(url, { outbox: bench.indexedDbOutbox('crash') });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  };
  await page.evaluate(begin, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  await link.proxy.down();
  await page.evaluate(async () => {
    const tickets = Array.from({ length: 50 }, (_, at) =>
      bench.kept.client.publish('room', { plaintext: `n ${at + 1}` }),
    );
    await Promise.all(tickets.map(({ stored }) => stored));
  });
  const crashed = page.waitForEvent('crash');
  const session = await page.context().newCDPSession(page);
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await other.evaluate(begin, link.url('anna'));
  await link.proxy.heal();
  await until(other, () => bench.kept.reader.numbers.length >= 50);
  expect(await other.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 50));
  expect((await link.server.log('room')).length).toBe(50);
});

test('fault_48_two_tabs_on_one_outbox_double_nothing_and_one_takes_over_what_a_closed_one_left', async ({
  open,
  link,
}) => {
  const [left, right] = [await open(), await open()];
  const begin = (url: string) => {
    bench.kept.client = bench.connect(url, { outbox: bench.indexedDbOutbox('two') });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  };
  for (const page of [left, right]) {
    await page.evaluate(begin, link.url('anna'));
    await until(page, () => bench.kept.client.state === 'connected');
  }
  await link.proxy.down();
  for (const [at, page] of [left, right].entries()) {
    await page.evaluate(
      async (first) => {
        const tickets = Array.from({ length: 50 }, (_, at) =>
          bench.kept.client.publish('room', { plaintext: `n ${first + at}` }),
        );
        await Promise.all(tickets.map(({ stored }) => stored));
      },
      at * 50 + 1,
    );
  }
  await left.close();
  await link.proxy.heal();
  await until(right, () => bench.kept.reader.numbers.length >= 100);
  const seen: number[] = await right.evaluate(() => bench.kept.reader.numbers);
  expect([...seen].sort((a, b) => a - b)).toEqual(numbers(1, 100));
  // Each tab's messages are in their order.
  expect(seen.filter((number) => number <= 50)).toEqual(numbers(1, 50));
  expect(seen.filter((number) => number > 50)).toEqual(numbers(51, 100));
  expect((await link.server.log('room')).length).toBe(100);
});

test('req_m06_an_offline_queue_of_two_tabs_delivers_each_message_once_after_the_server_is_back', async ({
  open,
  link,
}) => {
  const [left, right] = [await open(), await open()];
  await link.server.kill();
  for (const [at, page] of [left, right].entries()) {
    await page.evaluate(
      async ([url, tab]) => {
        // The page comes from elsewhere: it may post to the server by its rules for loopback pages.
        bench.kept.queue = new bench.OfflineQueue({ name: 'offline', rest: { url } });
        for (let at = 1; at <= 20; at += 1) {
          await bench.kept.queue.enqueue({ conversationId: 'room', userId: tab, plaintext: `${tab} ${at}` });
        }
        await bench.kept.queue.drain().catch(() => undefined);
      },
      [`http://${link.server.address}`, `tab ${at}`] as const,
    );
  }
  await link.server.start();
  await Promise.all(
    [left, right].map((page) =>
      until(page, async () => {
        await bench.kept.queue.drain();
        return (await bench.kept.queue.list()).length === 0;
      }),
    ),
  );
  const texts = (await link.server.log('room')).map(({ plaintext }) => plaintext);
  expect(texts.length).toBe(40);
  for (const tab of ['tab 0', 'tab 1']) {
    expect(texts.filter((text) => `${text}`.startsWith(tab))).toEqual(
      numbers(1, 20).map((at) => `${tab} ${at}`),
    );
  }
});

test('fault_58_on_a_full_disk_stored_rejects_with_quota_and_every_message_goes_out_once', async ({
  open,
  link,
}) => {
  const page = await open();
  const origin = new URL(page.url()).origin;
  const session = await page.context().newCDPSession(page);
  // Before anything is stored: Chromium goes by what room there was for a while.
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url, { outbox: bench.indexedDbOutbox('quota') });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
    bench.kept.told = new Set();
    bench.kept.client.addEventListener('error', ({ detail }: CustomEvent<{ where: string }>) =>
      bench.kept.told.add(detail.where),
    );
  }, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  const publish = (first: number) =>
    page.evaluate(async (first) => {
      const tickets = Array.from({ length: 10 }, (_, at) =>
        bench.kept.client.publish('room', { plaintext: `n ${first + at}` }),
      );
      const stored = await Promise.allSettled(tickets.map((ticket) => ticket.stored));
      return [...new Set(stored.map((one) => (one.status === 'fulfilled' ? 'stored' : one.reason.problem)))];
    }, first);
  expect(await publish(1)).toEqual(['quota']);
  // In an outage they wait in memory.
  await link.proxy.down();
  await until(page, () => bench.kept.client.state !== 'connected');
  expect(await publish(11)).toEqual(['quota']);
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  expect(await publish(21)).toEqual(['stored']);
  await link.proxy.heal();
  await until(page, () => bench.kept.reader.numbers.length >= 30);
  expect(await page.evaluate(() => [bench.kept.reader.numbers, [...bench.kept.told]])).toEqual([
    numbers(1, 30),
    ['outbox'],
  ]);
  expect((await link.server.log('room')).length).toBe(30);
});
