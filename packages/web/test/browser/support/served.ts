/** The page that `everlink serve` serves, in windows of several kinds. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

/** The windows in which it is looked at. */
export const LOOKS = {
  'light-desk': { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  'dark-desk': { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  'light-phone': {
    colorScheme: 'light',
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  },
  'dark-phone': {
    colorScheme: 'dark',
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  },
} as const satisfies Record<string, BrowserContextOptions>;

export type Look = keyof typeof LOOKS;

/** A window, and what it complained of: errors on the console, exceptions, violations of its policy. */
export interface Window {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export async function openWindow(context: BrowserContext, url: string, name: string): Promise<Window> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // That a socket broke is what these tests are about; the browser says so by itself.
    if (
      message.type() === 'error' &&
      !/WebSocket connection to|ERR_INTERNET_DISCONNECTED/.test(message.text())
    )
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  // Its windows have names of their own; tests must know them.
  await page.addInitScript((name) => sessionStorage.setItem('everlink.name', name), name);
  await page.goto(url);
  return { page, complaints };
}

export async function contextOf(browser: Browser, look: Look): Promise<BrowserContext> {
  // Its policy forbids what axe puts in; the policy itself is held to in windows that leave it in force.
  return browser.newContext({ ...LOOKS[look], bypassCSP: true, reducedMotion: 'reduce', locale: 'en-GB' });
}

/** What axe finds that is serious or critical, in a line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly impact: string | null;
      readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
      );
  });
}

/** Keeps how it looks, for people. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: resolve(SCREENSHOTS, `${name}.png`), animations: 'disabled' });
}

const SCREENSHOTS = resolve(import.meta.dirname, '../../../../../target/web/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
