/** The page that `everlink serve` serves: chat in two windows, broken in every way that it offers. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  contextOf,
  faintTexts,
  keepScreenshot,
  LOOKS,
  type Look,
  openWindow,
  seriousFindings,
} from '../support/served.js';
import { Server } from '../support/server.js';
import { eventually, numbers, test } from '../support/test.js';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.remove());

const home = () => `http://${server.address}/`;
const texts = () => [...document.querySelectorAll('.everlink-bubble')].map(({ textContent }) => textContent);

const connected = (page: Page) => page.locator('.headline[data-state="connected"]').waitFor();

for (const [engine, query] of [
  ['WebAssembly', ''],
  ['JavaScript', '?engine=js'],
] as const) {
  test(`req_c07_req_r04_two_windows_talk_through_every_break_with_the_engine_in_${engine}`, async ({
    context,
  }) => {
    const [anna, berta] = [
      await openWindow(context, home() + query, `Anna ${engine}`),
      await openWindow(context, home() + query, `Berta ${engine}`),
    ];
    const room = anna.page.getByRole('log', { name: 'Messages' });
    await room.waitFor();
    const breaks = ['Cut', 'Freeze', 'Kill server side', 'Go offline'];
    const said: string[] = [];
    for (const name of breaks) {
      await connected(anna.page);
      await anna.page.getByRole('button', { name }).click();
      for (const [window, who] of [
        [anna, 'anna'],
        [berta, 'berta'],
      ] as const) {
        const text = `${who} after ${name} ${engine}`;
        said.push(text);
        await window.page.getByRole('textbox', { name: 'Message' }).fill(text);
        await window.page.keyboard.press('Enter');
      }
      if (name === 'Go offline') await anna.page.getByRole('button', { name: 'Back online' }).click();
      for (const { page } of [anna, berta]) {
        await eventually(
          `all of ${said}`,
          () => page.evaluate(texts),
          (shown) => said.every((text) => shown.includes(text)),
        );
      }
    }
    for (const { page, complaints } of [anna, berta]) {
      const shown = (await page.evaluate(texts)).filter((text) => said.includes(text ?? ''));
      expect([...shown].sort()).toEqual([...said].sort());
      for (const figure of ['Lost', 'Doubled', 'Out of order'])
        expect(await figureOf(page, figure)).toBe('0');
      expect(complaints).toEqual([]);
    }
    // The panel tells what happened.
    const log = await anna.page.getByRole('list', { name: /What happened/ }).textContent();
    for (const done of [
      'You cut the socket',
      'You froze the socket',
      'You made the server drop',
      'You switched the network off',
    ])
      expect(log).toContain(done);
    expect(Number(await figureOf(anna.page, 'Reconnects'))).toBeGreaterThan(0);
  });
}

async function figureOf(page: Page, name: string): Promise<string | undefined> {
  const figure = page
    .locator('.figures > div')
    .filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
  return (await figure.locator('dd').textContent()) ?? undefined;
}

test('req_r04_a_window_that_opens_later_shows_what_was_said_before', async ({ context }) => {
  const local = await Server.start();
  try {
    const url = `http://${local.address}/`;
    for (const number of numbers(1, 20)) {
      await local.ask('/conversations/general-chat/messages', {
        sender_id: 'Anna',
        plaintext: `n ${number}`,
      });
    }
    const { page } = await openWindow(context, url, 'Berta');
    await eventually(
      '20 messages',
      () => page.evaluate(texts),
      (shown) => shown.length === 20,
    );
    expect(await page.evaluate(texts)).toEqual(numbers(1, 20).map((number) => `n ${number}`));
    expect(await page.getByText('Earlier messages').count()).toBe(0);
  } finally {
    await local.remove();
  }
});

test('req_n01_the_burst_of_the_page_arrives_whole_through_cuts_and_drops_of_the_server', async ({
  context,
}) => {
  const { page, complaints } = await openWindow(context, home(), 'Carla');
  await connected(page);
  await page.getByRole('button', { name: /^Send \d+ messages/ }).click();
  for (const name of ['Cut', 'Kill server side', 'Cut']) {
    await page.getByRole('button', { name }).click();
    await connected(page);
  }
  await page.getByText(/^All \d+ arrived: each once, and in order/).waitFor();
  expect(complaints).toEqual([]);
});

test('req_c07_req_c08_the_classic_page_disables_its_input_while_away_and_gives_it_back', async ({
  context,
}) => {
  const local = await Server.start({ store: 'disk' });
  try {
    const { page, complaints } = await openWindow(context, `http://${local.address}/classic`, 'Dora');
    const input = page.locator('#text');
    const say = async (text: string) => {
      await input.and(page.locator(':enabled')).waitFor();
      await input.fill(text);
      await input.press('Enter');
    };
    await say('n 1');
    await page.getByText('n 1', { exact: true }).waitFor();
    await local.kill();
    await input.and(page.locator(':disabled')).waitFor();
    expect(await page.locator('#typing').textContent()).toBe('');
    await local.start();
    // Nobody clicks: it comes back by itself, with the focus where it was.
    await input.and(page.locator(':enabled')).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text');
    for (const number of numbers(2, 5)) await say(`n ${number}`);
    await page.getByText('n 5', { exact: true }).waitFor();
    expect(await page.locator('#messages li').allTextContents()).toEqual(
      numbers(1, 5).map((number) => `n ${number}`),
    );
    expect(await page.evaluate(() => 'ChatWebSocket' in window && 'StatusWebSocket' in window)).toBe(true);
    // Another conversation: the old one is left first.
    await page.locator('#conversation').selectOption('support-chat');
    await input.and(page.locator(':enabled')).waitFor();
    expect(await page.locator('#messages li').count()).toBe(0);
    // The chat's and the status's, which come up each by itself.
    await eventually(
      'two connections',
      () => local.connections(),
      (count) => count === 2,
    );
    expect(complaints.filter((text) => !/ERR_CONNECTION_REFUSED/.test(text))).toEqual([]);
  } finally {
    await local.remove();
  }
});

/** Each state of the page, and how it comes about. */
const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  writing: async (page) => {
    await page.getByRole('textbox', { name: 'Message' }).fill('Half a mess');
  },
  talking: async (page) => {
    for (const text of [
      'Good morning',
      'A longer message, which has to be broken into several lines where the window is narrow.',
    ]) {
      await page.getByRole('textbox', { name: 'Message' }).fill(text);
      await page.keyboard.press('Enter');
      await page
        .locator('.everlink-message[data-status="stored"]')
        .filter({ hasText: text })
        .first()
        .waitFor();
    }
  },
  unread: async (page) => {
    const message = { sender_id: 'Fritz', plaintext: 'Is anybody here?' };
    await server.ask('/conversations/support-chat/messages', message);
    const room = page.locator('.rooms a').filter({ hasText: 'Support' });
    const badge = await room.locator('.badge').boundingBox();
    const name = await room.locator('.room-name b').boundingBox();
    if (badge === null || name === null) throw new Error('no badge, or no name');
    // It stands beside the name or above it, and not on it.
    const isClear = badge.x >= name.x + name.width || badge.y + badge.height <= name.y + SLACK_PX;
    expect([isClear, badge, name]).toEqual([true, badge, name]);
  },
  offline: async (page) => {
    await toPanel(page);
    await page.getByRole('button', { name: 'Go offline' }).click();
    await toChat(page);
    await page.getByRole('textbox', { name: 'Message' }).fill('Said while away');
    await page.keyboard.press('Enter');
    await page.locator('.everlink-banner').waitFor();
  },
  'offline-panel': toPanel,
  back: async (page) => {
    await page.getByRole('button', { name: 'Back online' }).click();
    await page.getByRole('button', { name: /^Send \d+ messages/ }).click();
    await page.getByText(/^All \d+ arrived/).waitFor();
  },
  assistant: async (page) => {
    await toChat(page);
    await page.goto(`${home()}#/ai-assistant`);
    await page.getByRole('textbox', { name: 'Message' }).fill('What is Everlink?');
    await page.keyboard.press('Enter');
    await page.locator('.everlink-activity[data-doing]').waitFor();
  },
};

/** Lines are higher than their letters. */
const SLACK_PX = 4;

/** On a phone, the panel is behind a button. */
async function toPanel(page: Page): Promise<void> {
  const button = page.locator('.state-button[aria-pressed="false"]');
  if (await button.isVisible()) await button.click();
}

async function toChat(page: Page): Promise<void> {
  const button = page.locator('.state-button[aria-pressed="true"]');
  if (await button.isVisible()) await button.click();
}

describe('accessibility', () => {
  for (const look of Object.keys(LOOKS) as Look[]) {
    test(`req_m09_axe_finds_nothing_serious_in_any_state_${look}`, async ({ browser }) => {
      const context = await contextOf(browser, look);
      try {
        const { page } = await openWindow(context, home(), `Eva ${look}`);
        await page.getByRole('log', { name: 'Messages' }).waitFor();
        const findings: string[] = [];
        for (const [state, reach] of Object.entries(STATES)) {
          await reach(page);
          const found = [...(await seriousFindings(page)), ...(await faintTexts(page))];
          findings.push(...found.map((finding) => `${state}: ${finding}`));
          await keepScreenshot(page, `${look}-${state}`);
        }
        await page.goto(`${home()}classic`);
        await page.locator('#text:enabled').waitFor();
        findings.push(...(await seriousFindings(page)).map((finding) => `classic: ${finding}`));
        await keepScreenshot(page, `${look}-classic`);
        expect(findings).toEqual([]);
      } finally {
        await context.close();
      }
    });
  }
});
