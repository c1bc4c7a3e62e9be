/** One socket for the tabs of a browser. */

import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventually, type Link, numbers, test, until } from '../support/test.js';

const TABS = 4;

/** Opens tabs that share one socket; the first of them leads. */
async function openTabs(open: () => Promise<Page>, link: Link): Promise<Page[]> {
  const pages: Page[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await open();
    pages.push(page);
    await page.evaluate((url) => {
      bench.kept.client = bench.createSharedClient(url, { name: 'shared', settings: bench.QUICK });
      bench.kept.reader = bench.read(bench.kept.client, 'room');
      void bench.kept.client.connect();
    }, link.url('anna'));
    await until(page, () => bench.kept.client.state === 'connected');
  }
  return pages;
}

async function leaderOf(pages: readonly Page[]): Promise<Page> {
  const tabs = await Promise.all(
    pages.map((page) => page.evaluate(() => bench.kept.client.getSnapshot().tab)),
  );
  expect(tabs.filter((tab) => tab === 'leader').length).toBe(1);
  return pages[tabs.indexOf('leader')] as Page;
}

/** Publishes from each tab, and holds every tab to have read all of all tabs, each tab's in order. */
async function expectAllEverywhere(pages: readonly Page[], link: Link, before: number): Promise<void> {
  const expected = pages.length * 50 + before;
  for (const page of pages) {
    await until(page, (count) => bench.kept.reader.numbers.length >= count, expected);
    const seen: number[] = await page.evaluate(() => bench.kept.reader.numbers);
    expect(seen.length).toBe(expected);
    expect(new Set(seen).size).toBe(expected);
    for (const [tab] of pages.entries()) {
      const first = before + tab * 50 + 1;
      expect(seen.filter((number) => number >= first && number < first + 50)).toEqual(
        numbers(first, first + 49),
      );
    }
  }
  expect((await link.server.log('room')).length).toBe(expected);
}

async function publishFromAll(pages: readonly Page[], before: number, half: 0 | 1): Promise<void> {
  await Promise.all(
    pages.map((page, tab) =>
      page.evaluate(
        (first) => bench.publish(bench.kept.client, 'room', first, first + 24),
        before + tab * 50 + 25 * half + 1,
      ),
    ),
  );
}

test('req_n01_four_tabs_use_one_socket_and_each_reads_everything_once_through_cuts', async ({
  open,
  link,
}) => {
  const pages = await openTabs(open, link);
  expect(await link.server.connections()).toBe(1);
  expect(await link.proxy.open()).toBe(1);
  await publishFromAll(pages, 0, 0);
  await link.proxy.cut();
  await publishFromAll(pages, 0, 1);
  await expectAllEverywhere(pages, link, 0);
  expect(await link.server.connections()).toBe(1);
});

for (const [end, leave] of Object.entries({
  closed: async (page: Page) => page.close(),
  crashed: async (page: Page) => {
    const crashed = page.waitForEvent('crash');
    const session = await page.context().newCDPSession(page);
    session.send('Page.crash').catch(() => undefined);
    await crashed;
  },
})) {
  test(`fault_48_the_leading_tab_is_${end}_and_another_leads_without_loss`, async ({ open, link }) => {
    const pages = await openTabs(open, link);
    const leader = await leaderOf(pages);
    const others = pages.filter((page) => page !== leader);
    await publishFromAll(others, 0, 0);
    await leave(leader);
    await publishFromAll(others, 0, 1);
    await expectAllEverywhere(others, link, 0);
    await leaderOf(others);
    await eventually(
      'one connection',
      () => link.server.connections(),
      (count) => count === 1,
    );
  });
}

test('fault_42_fault_43_the_leading_tab_is_frozen_another_leads_and_it_follows_when_it_wakes', async ({
  open,
  link,
}) => {
  const pages = await openTabs(open, link);
  const leader = await leaderOf(pages);
  const others = pages.filter((page) => page !== leader);
  const session = await leader.context().newCDPSession(leader);
  await publishFromAll(others, 0, 0);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await publishFromAll(others, 0, 1);
  await expectAllEverywhere(others, link, 0);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await until(leader, (count) => bench.kept.reader.numbers.length >= count, others.length * 50);
  await leaderOf(pages);
  await eventually(
    'one connection',
    () => link.server.connections(),
    (count) => count === 1,
  );
  await publishFromAll(pages, 150, 0);
  await publishFromAll(pages, 150, 1);
  await expectAllEverywhere(pages, link, 150);
});
