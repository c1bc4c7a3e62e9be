/** What the page that `everlink serve` serves keeps over a reload, and what it says when it cannot. */

import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { Gate } from '../support/gate.js';
import { keepScreenshot, openWindow } from '../support/served.js';
import { Server } from '../support/server.js';
import { eventually, test } from '../support/test.js';

const ROOM = 'general-chat';

interface Served {
  readonly server: Server;
  readonly gate: Gate;
}

async function withServed(use: (served: Served) => Promise<void>): Promise<void> {
  const server = await Server.start();
  const gate = await Gate.start(server.address);
  try {
    await use({ server, gate });
  } finally {
    gate.remove();
    await server.remove();
  }
}

const connected = (page: Page) => page.locator('.headline[data-state="connected"]').waitFor();
const bubbles = (page: Page) => page.locator('.everlink-bubble').allTextContents();
const waiting = (page: Page) =>
  page
    .locator('.figures > div')
    .filter({ has: page.locator('dt', { hasText: /^Waiting$/ }) })
    .locator('dd');
const told = (page: Page) => page.getByRole('list', { name: /What happened/ });

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until a window shows just these messages, in this order. */
async function expectShown(page: Page, texts: readonly string[]): Promise<void> {
  await eventually(
    `${texts}`,
    () => bubbles(page),
    (shown) => shown.length >= texts.length,
  );
  expect(await bubbles(page)).toEqual(texts);
}

async function openTwo(context: BrowserContext, gate: Gate): Promise<[Page, Page]> {
  const url = `http://${gate.address}/`;
  const pages: Page[] = [];
  for (const name of ['Anna', 'Berta']) pages.push((await openWindow(context, url, name)).page);
  for (const page of pages) await connected(page);
  return pages as [Page, Page];
}

test('req_c10_fault_54_a_reload_in_mid_outage_sends_what_was_written_before_it_once_and_in_order', async ({
  context,
}) => {
  await withServed(async ({ server, gate }) => {
    const [anna, berta] = await openTwo(context, gate);
    await say(anna, 'before');
    await expectShown(berta, ['before']);
    gate.shut();
    const texts = ['first', 'second', 'third'];
    for (const text of texts) await say(anna, text);
    await eventually(
      'three messages that wait',
      () => waiting(anna).textContent(),
      (count) => count === '3',
    );
    for (const round of [1, 2]) {
      await anna.reload();
      // The page says that they wait, although it can show none of them yet.
      await eventually(
        `three messages that wait after reload ${round}`,
        () => waiting(anna).textContent(),
        (count) => count === '3',
      );
    }
    await keepScreenshot(anna, 'reloaded-in-mid-outage');
    gate.open();
    for (const page of [anna, berta]) await expectShown(page, ['before', ...texts]);
    await say(anna, 'after');
    for (const page of [anna, berta]) await expectShown(page, ['before', ...texts, 'after']);
    expect((await server.log(ROOM)).map(({ plaintext }) => plaintext)).toEqual(['before', ...texts, 'after']);
    // Nothing is left that a later page would send again.
    await anna.reload();
    await expectShown(anna, ['before', ...texts, 'after']);
    expect((await server.log(ROOM)).length).toBe(5);
    expect(await waiting(anna).textContent()).toBe('0');
  });
});

test('req_c10_a_window_that_was_closed_in_an_outage_sends_its_rest_when_the_same_person_opens_one', async ({
  context,
}) => {
  await withServed(async ({ gate, server }) => {
    const [anna, berta] = await openTwo(context, gate);
    gate.shut();
    await say(anna, 'left behind');
    await eventually(
      'it waits',
      () => waiting(anna).textContent(),
      (count) => count === '1',
    );
    await anna.close();
    gate.open();
    await connected(berta);
    // Another person does not send it in her own name.
    await say(berta, 'mine');
    await expectShown(berta, ['mine']);
    const { page: again } = await openWindow(context, `http://${gate.address}/`, 'Anna');
    await expectShown(again, ['mine', 'left behind']);
    const own = await again.locator('.everlink-message[data-from="own"] .everlink-bubble').allTextContents();
    expect(own).toEqual(['left behind']);
    expect((await server.log(ROOM)).map(({ sender_id }) => sender_id)).toEqual(['Berta', 'Anna']);
  });
});

test('fault_58_on_a_full_disk_the_page_says_so_and_messages_still_go_out', async ({ context }) => {
  await withServed(async ({ gate, server }) => {
    const origin = `http://${gate.address}`;
    const { page: berta } = await openWindow(context, `${origin}/`, 'Berta');
    // Before the other window has stored anything: Chromium goes by what room there was for a while.
    const session = await context.newCDPSession(berta);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    const { page: anna } = await openWindow(context, `${origin}/`, 'Anna');
    for (const page of [anna, berta]) await connected(page);
    await say(anna, 'on a full disk');
    for (const page of [anna, berta]) await expectShown(page, ['on a full disk']);
    await told(anna).getByText('Not kept on this device').first().waitFor();
    expect(await told(anna).textContent()).toContain('gives this site no more room');
    // In an outage it is shown as waiting, and goes out when the connection is back: the page was not closed.
    gate.shut();
    await say(anna, 'in an outage');
    await anna.locator('.everlink-message[data-status="queued"]').waitFor();
    await keepScreenshot(anna, 'disk-full');
    gate.open();
    for (const page of [anna, berta]) await expectShown(page, ['on a full disk', 'in an outage']);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    const before = await told(anna).getByText('Not kept on this device').count();
    await say(anna, 'with room again');
    for (const page of [anna, berta])
      await expectShown(page, ['on a full disk', 'in an outage', 'with room again']);
    expect(await told(anna).getByText('Not kept on this device').count()).toBe(before);
    expect((await server.log(ROOM)).length).toBe(3);
  });
});
