/** A leading tab that is stopped without being told: its process stands still, and its socket stays open. */

import type { Browser, CDPSession, Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { ownChromium } from '../support/chromium.js';
import { expectAllEverywhere, leaderOf, openTabs, publishFromAll } from '../support/tabs.js';
import { eventually, openPage, test, until } from '../support/test.js';

/** Heartbeat between tabs of 10 s, 5 s for its answer; 3 s for a leader to answer, and as long again before the lead is taken. */
const BOUND_MS = 25_000;

test('fault_42_fault_48_the_leading_tab_stands_still_another_leads_within_its_bound_and_nothing_is_doubled', async ({
  link,
}) => {
  const browser = await ownChromium();
  const context = await browser.newContext();
  const pages = await openTabs(() => openPage(context, `${inject('site')}/plain`), link);
  const leader = await leaderOf(pages);
  const others = pages.filter((page) => page !== leader);
  const process = await rendererOf(browser, leader);
  try {
    await publishFromAll(others, 0, 0);
    globalThis.process.kill(process, 'SIGSTOP');
    const stopped = performance.now();
    await publishFromAll(others, 0, 1);
    await expectAllEverywhere(others, link, 0, BOUND_MS);
    expect(performance.now() - stopped).toBeLessThan(BOUND_MS);
    await leaderOf(others);
  } finally {
    globalThis.process.kill(process, 'SIGCONT');
  }
  // It wakes without knowing that it slept, and follows.
  await until(leader, (count) => bench.kept.reader.numbers.length >= count, others.length * 50);
  await eventually(
    'one leader',
    () => tabsOf(pages),
    (tabs) => tabs.filter((tab) => tab === 'leader').length === 1,
  );
  await eventually(
    'one connection',
    () => link.server.connections(),
    (count) => count === 1,
  );
  await publishFromAll(pages, 150, 0);
  await publishFromAll(pages, 150, 1);
  await expectAllEverywhere(pages, link, 150);
  await browser.close();
});

function tabsOf(pages: readonly Page[]): Promise<string[]> {
  return Promise.all(pages.map((page) => page.evaluate(() => bench.kept.client.getSnapshot().tab)));
}

/** The process of a page: the one that works while the page does, on a busy machine too. */
async function rendererOf(browser: Browser, page: Page): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const before = await cpuTimes(session);
  const used = async () => {
    await page.evaluate((ms) => {
      const start = performance.now();
      while (performance.now() < start + ms);
    }, WORK_MS);
    const now = [...(await cpuTimes(session))];
    return now
      .map(([id, seconds]) => [id, seconds - (before.get(id) ?? 0)] as const)
      .sort(([, a], [, b]) => b - a);
  };
  const [[process]] = (await eventually(
    'one process works more than the others',
    used,
    ([most, next]) => most !== undefined && most[1] > 0.4 && most[1] > 4 * (next?.[1] ?? 0),
  )) as [readonly [number, number]];
  return process;
}

async function cpuTimes(session: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return new Map(
    processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]),
  );
}

const WORK_MS = 300;
