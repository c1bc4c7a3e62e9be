/** Pages without TLS: no secure context, so no Web Locks; leases stand for them. */

import type { BrowserContext, Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { openWindow } from '../support/served.js';
import { Server } from '../support/server.js';
import { eventually, type Link, numbers, openPage, test, until, withLink } from '../support/test.js';

/** The test pages, by a name that no browser trusts without TLS. */
const site = () => `${inject('site').replace('127.0.0.1', 'insecure.test')}/plain`;

/** A server that accepts pages from there, and the proxy before it. */
function withOpenLink(use: (link: Link) => Promise<void>): Promise<void> {
  return withLink({ args: ['--origin', new URL(site()).origin] }, use);
}

/** Opens a client with an outbox whose clock runs so many times as fast: a lease lasts 90 s. */
async function begin(context: BrowserContext, link: Link): Promise<Page> {
  const page = await openPage(context, site());
  expect(await page.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false]);
  await page.evaluate((url) => {
    const environment = bench.hastened(30);
    bench.kept.client = bench.connect(url, { outbox: bench.indexedDbOutbox('leases', {}, { environment }) });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  }, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  return page;
}

async function publishStored(page: Page, first: number, last: number): Promise<void> {
  await page.evaluate(
    async ([first, last]) => {
      const all = Array.from({ length: last - first + 1 }, (_, at) => first + at);
      const tickets = all.map((number) => bench.kept.client.publish('room', { plaintext: `n ${number}` }));
      await Promise.all(tickets.map(({ stored }) => stored));
    },
    [first, last] as const,
  );
}

test('fault_48_fault_54_without_web_locks_a_lease_runs_out_and_another_page_sends_what_a_crashed_one_left', async ({
  context,
}) => {
  await withOpenLink(async (link) => {
    const [left, right] = [await begin(context, link), await begin(context, link)];
    await link.proxy.down();
    await publishStored(left, 1, 20);
    await publishStored(right, 21, 40);
    const crashed = left.waitForEvent('crash');
    const session = await context.newCDPSession(left);
    session.send('Page.crash').catch(() => undefined);
    await crashed;
    expect(await right.evaluate(() => bench.kept.client.info().queuedMessages)).toBe(20);
    // Not before the lease has run out; then all of it, while there is still no connection.
    await until(right, () => bench.kept.client.info().queuedMessages === 40);
    await link.proxy.heal();
    await until(right, () => bench.kept.reader.numbers.length >= 40);
    const seen: number[] = await right.evaluate(() => bench.kept.reader.numbers);
    expect([...seen].sort((a, b) => a - b)).toEqual(numbers(1, 40));
    expect(seen.filter((number) => number <= 20)).toEqual(numbers(1, 20));
    expect((await link.server.log('room')).length).toBe(40);
  });
});

test('fault_48_without_web_locks_pages_that_live_keep_what_they_have_and_double_nothing', async ({
  context,
}) => {
  await withOpenLink(async (link) => {
    const pages = [await begin(context, link), await begin(context, link)];
    await link.proxy.down();
    for (const [at, page] of pages.entries()) await publishStored(page, at * 20 + 1, at * 20 + 20);
    // Longer than a lease: each page has told several times that it lives.
    await Promise.all(pages.map((page) => page.evaluate(() => bench.hastenedTime(30, 3 * 90_000))));
    for (const page of pages)
      expect(await page.evaluate(() => bench.kept.client.info().queuedMessages)).toBe(20);
    await link.proxy.heal();
    for (const page of pages) {
      await until(page, () => bench.kept.reader.numbers.length >= 40);
      const seen: number[] = await page.evaluate(() => bench.kept.reader.numbers);
      expect([...seen].sort((a, b) => a - b)).toEqual(numbers(1, 40));
    }
    expect((await link.server.log('room')).length).toBe(40);
  });
});

test('without_web_locks_tabs_that_would_share_a_socket_have_one_each_and_read_everything_once', async ({
  context,
}) => {
  await withOpenLink(async (link) => {
    const pages: Page[] = [];
    for (let tab = 0; tab < 2; tab += 1) {
      const page = await openPage(context, site());
      pages.push(page);
      await page.evaluate((url) => {
        bench.kept.client = bench.createSharedClient(url, { name: 'shared', settings: bench.QUICK });
        bench.kept.reader = bench.read(bench.kept.client, 'room');
        void bench.kept.client.connect();
      }, link.url('anna'));
      await until(page, () => bench.kept.client.state === 'connected');
      expect(await page.evaluate(() => bench.kept.client.getSnapshot().tab)).toBe('own');
    }
    expect(await link.server.connections()).toBe(2);
    for (const [tab, page] of pages.entries()) {
      await page.evaluate(
        (first) => bench.publish(bench.kept.client, 'room', first, first + 9),
        tab * 10 + 1,
      );
      await link.proxy.cut();
    }
    for (const page of pages) {
      await until(page, () => bench.kept.reader.numbers.length >= 20);
      const seen: number[] = await page.evaluate(() => bench.kept.reader.numbers);
      expect([...seen].sort((a, b) => a - b)).toEqual(numbers(1, 20));
    }
    expect((await link.server.log('room')).length).toBe(20);
  });
});

test('req_r04_the_page_of_a_server_without_tls_works_and_its_burst_arrives_whole', async ({ context }) => {
  const server = await Server.start({ args: ['--open'] });
  try {
    const url = `http://${server.address.replace('127.0.0.1', 'insecure.test')}/`;
    const { page, complaints } = await openWindow(context, url, 'Greta');
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await page.locator('.headline[data-state="connected"]').waitFor();
    await page.getByRole('textbox', { name: 'Message' }).fill('without TLS');
    await page.keyboard.press('Enter');
    await page
      .locator('.everlink-message[data-status="stored"]')
      .filter({ hasText: 'without TLS' })
      .waitFor();
    await page.getByRole('button', { name: /^Send \d+ messages/ }).click();
    await page.getByRole('button', { name: 'Cut' }).click();
    await page.getByText(/^All \d+ arrived: each once, and in order/).waitFor();
    await eventually(
      'one message',
      () => server.log('general-chat'),
      (log) => log.length === 1,
    );
    expect(complaints).toEqual([]);
  } finally {
    await server.remove();
  }
});
