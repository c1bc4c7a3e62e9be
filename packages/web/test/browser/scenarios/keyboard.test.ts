/** By the keyboard alone, and in the user's own colours: the page and the components. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { expectWalkable, tabTo } from '../support/keyboard.js';
import { contextOf, keepScreenshot, LOOKS, type Look, openWindow } from '../support/served.js';
import { Server } from '../support/server.js';
import { eventually, test, until } from '../support/test.js';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.remove());

const home = () => `http://${server.address}/`;
const headline = (page: Page) => page.locator('.headline').getAttribute('data-state');
const isState = (page: Page, state: string) =>
  eventually(
    state,
    () => headline(page),
    (found) => found === state,
  );

describe('the page', () => {
  for (const look of Object.keys(LOOKS) as Look[]) {
    test(`req_m09_everything_is_reached_by_tab_in_its_order_and_seen_to_be_focused_${look}`, async ({
      browser,
    }) => {
      const context = await contextOf(browser, look);
      try {
        const { page } = await openWindow(context, home(), `Hanna ${look}`);
        await page.getByRole('log', { name: 'Messages' }).waitFor();
        const isPhone = LOOKS[look].viewport.width < 1080;
        const chat = await expectWalkable(page);
        if (isPhone) expectDownwards(chat);
        await tabTo(page, /^a Assistant/);
        await keepScreenshot(page, `${look}-focus-room`);
        await tabTo(page, /^textarea/);
        await keepScreenshot(page, `${look}-focus-message`);
        if (!isPhone) return;
        await tabTo(page, /^button Connected/);
        await page.keyboard.press('Enter');
        const panel = await expectWalkable(page);
        expectDownwards(panel);
        expect(panel.map(({ name }) => name)).toContain('button CutThe socket breaks');
        await tabTo(page, /^button Freeze/);
        await keepScreenshot(page, `${look}-focus-panel`);
      } finally {
        await context.close();
      }
    });
  }

  test('req_m09_all_that_the_page_can_do_is_done_by_the_keyboard', async ({ context }) => {
    const { page } = await openWindow(context, home(), 'Ida');
    await isState(page, 'connected');
    await tabTo(page, /^textarea/);
    await page.keyboard.type('by Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('by the button');
    await tabTo(page, /^button Send$/);
    await page.keyboard.press('Space');
    for (const text of ['by Enter', 'by the button'])
      await page.locator('.everlink-message[data-status="stored"]').filter({ hasText: text }).waitFor();
    // A loss takes nobody's focus away.
    await tabTo(page, /^button Cut/);
    await page.keyboard.press('Space');
    await page.getByText('You cut the socket').waitFor();
    expect(await focused(page)).toMatch(/^Cut/);
    await isState(page, 'connected');
    await tabTo(page, /^button Go offline/);
    await page.keyboard.press('Enter');
    await page.locator('.everlink-banner').waitFor();
    expect(await focused(page)).toMatch(/^Back online/);
    // What only a loss brings is reached too.
    await tabTo(page, /^button Reconnect now/);
    await tabTo(page, /^button Back online/);
    await page.keyboard.press('Enter');
    await isState(page, 'connected');
    await tabTo(page, /^input Slow it down/);
    await page.keyboard.press('ArrowRight');
    await page.getByText('+50 ms').waitFor();
    await page.keyboard.press('ArrowLeft');
    await tabTo(page, /^a Support/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Support' }).waitFor();
    await tabTo(page, /^input You are/);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Ida Two');
    await page.keyboard.press('Enter');
    await until(page, () => sessionStorage.getItem('everlink.name') === 'Ida Two');
    await isState(page, 'connected');
  });
});

test('req_m09_what_the_components_show_is_reached_by_tab_also_while_they_are_away', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.showChat(bench.kept.client, 'room', 'anna');
  }, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  await page.getByRole('log', { name: 'Messages' }).waitFor();
  const names = async () => (await expectWalkable(page)).map(({ name }) => name);
  expect(await names()).toEqual(['div Messages', 'textarea Message', 'button Send']);
  await link.proxy.down();
  await page.locator('.everlink-banner').nth(1).waitFor();
  await tabTo(page, /^textarea/);
  await page.keyboard.type('while away');
  await page.keyboard.press('Enter');
  await page.locator('.everlink-message[data-status="queued"]').waitFor();
  expect((await names()).filter((name) => name === 'button Reconnect now').length).toBeGreaterThan(0);
  await keepScreenshot(page, 'components-away');
  // First, since a client that comes back by itself takes the button away.
  await tabTo(page, /^button Reconnect now/);
  await link.proxy.heal();
  await page.keyboard.press('Enter');
  await page.locator('.everlink-message[data-status="stored"]').waitFor();
});

describe('the user’s own colours', () => {
  test('req_m09_no_two_states_of_the_page_look_the_same_where_colours_are_the_users_own', async ({
    browser,
  }) => {
    const context = await contextOf(browser, 'forced-desk');
    try {
      const { page } = await openWindow(context, home(), 'Jana');
      await isState(page, 'connected');
      const dot = page.locator('.dots li').first();
      await expectDifferent(page, '.dots li', 'data-dot', ['waiting', 'sent', 'stored', 'arrived', 'failed']);
      await dot.scrollIntoViewIfNeeded();
      // The open room is not said by a background that nobody sees.
      const rooms = page.locator('.rooms a');
      const [open, other] = [await rooms.nth(0).screenshot(), await rooms.nth(1).screenshot()];
      expect(open.equals(other)).toBe(false);
      const border = (at: number) => rooms.nth(at).evaluate((room) => getComputedStyle(room).backgroundColor);
      expect(await border(0)).not.toBe(await border(1));
    } finally {
      await context.close();
    }
  });
});

/** In a single column, what is focused next stands further down. */
function expectDownwards(stops: readonly { readonly name: string; readonly top: number }[]): void {
  const tops = stops.map(({ top }) => top);
  // Things in a row stand at the same height, or nearly.
  const jumps = stops.filter((_, at) => at > 0 && (tops[at] as number) < (tops[at - 1] as number) - ROW_PX);
  expect(jumps).toEqual([]);
}

async function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

/** Gives the first element of a kind one value after the other; no two look the same. */
async function expectDifferent(
  page: Page,
  selector: string,
  attribute: string,
  values: readonly string[],
): Promise<void> {
  const element = page.locator(selector).first();
  const looks: Buffer[] = [];
  for (const value of values) {
    await element.evaluate((found, [name, value]) => found.setAttribute(name, value), [
      attribute,
      value,
    ] as const);
    looks.push(await element.screenshot({ animations: 'disabled' }));
  }
  const same = values.flatMap((value, at) =>
    values
      .slice(at + 1)
      .filter((_, other) => looks[at]?.equals(looks[at + 1 + other] as Buffer))
      .map((other) => `${value} and ${other}`),
  );
  expect(same).toEqual([]);
}

const ROW_PX = 60;
