/** Tabs that share one socket, and what must be true of them. */

import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Link, numbers, until } from './test.js';

/** How many tabs there are. */
export const TABS = 4;

/** Opens tabs that share one socket; the first of them leads. */
export async function openTabs(open: () => Promise<Page>, link: Link): Promise<Page[]> {
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

export async function leaderOf(pages: readonly Page[]): Promise<Page> {
  const tabs = await Promise.all(
    pages.map((page) => page.evaluate(() => bench.kept.client.getSnapshot().tab)),
  );
  expect(tabs.filter((tab) => tab === 'leader').length).toBe(1);
  return pages[tabs.indexOf('leader')] as Page;
}

/** Holds every tab to have read all that `publishFromAll` published from all tabs, each tab's in order. */
export async function expectAllEverywhere(
  pages: readonly Page[],
  link: Link,
  before: number,
  limitMs?: number,
): Promise<void> {
  const expected = pages.length * 50 + before;
  for (const page of pages) {
    await until(page, (count) => bench.kept.reader.numbers.length >= count, expected, limitMs);
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

/** Publishes 25 numbers from each tab: the first or the second half of its own. */
export async function publishFromAll(pages: readonly Page[], before: number, half: 0 | 1): Promise<void> {
  await Promise.all(
    pages.map((page, tab) =>
      page.evaluate(
        (first) => bench.publish(bench.kept.client, 'room', first, first + 24),
        before + tab * 50 + 25 * half + 1,
      ),
    ),
  );
}
