/** Every component in every state, as the gallery shows them: for the eye, for axe, by the keyboard. */

import type { Locator, Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { expectWalkable } from '../support/keyboard.js';
import {
  contextOf,
  faintTexts,
  keepScreenshot,
  LOOKS,
  type Look,
  seriousFindings,
} from '../support/served.js';
import { test } from '../support/test.js';

for (const look of Object.keys(LOOKS) as Look[]) {
  test(`req_m09_the_components_are_accessible_in_every_state_${look}`, async ({ browser }) => {
    const context = await contextOf(browser, look);
    try {
      const page = await context.newPage();
      const theme = LOOKS[look].colorScheme;
      await page.goto(`${inject('site')}/gallery/index.html?theme=${theme}`);
      await settle(page);
      expect(await seriousFindings(page)).toEqual([]);
      expect(await faintTexts(page)).toEqual([]);
      await keepScreenshot(page, `${look}-components`, true);
      await expectWalkable(page);
      // Shapes, not colours: the same without any.
      await page.addStyleTag({ content: 'html { filter: grayscale(1) }' });
      await expectDifferent(page.locator('.everlink-indicator svg'), 6);
      await expectDifferent(page.locator('.everlink-quality svg'), 4);
    } finally {
      await context.close();
    }
  });
}

/** Scripts bring what the chats show. */
async function settle(page: Page): Promise<void> {
  await page.getByText('This one waits').first().waitFor();
  await page.getByText('That one is read by others.').first().waitFor();
  // The chats that are away, interrupted and given up say so a moment later.
  await page.locator('.everlink-chat .everlink-banner').nth(2).waitFor();
}

/** So many at least, of which the first ones, a case of the gallery, do not look the same. */
async function expectDifferent(all: Locator, count: number): Promise<void> {
  const texts: string[] = [];
  for (let at = 0; at < count; at += 1) {
    texts.push((await all.nth(at).screenshot({ animations: 'disabled' })).toString('base64'));
  }
  expect(new Set(texts).size).toBe(count);
}
