/** One socket for the tabs of a browser. */

import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { expectAllEverywhere, leaderOf, openTabs, publishFromAll } from '../support/tabs.js';
import { eventually, test, until } from '../support/test.js';

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
