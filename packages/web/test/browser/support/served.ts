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
  'forced-desk': { forcedColors: 'active', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  'forced-phone': {
    forcedColors: 'active',
    colorScheme: 'light',
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

/**
 * Texts that can hardly be told from what lies behind them, in a line each; what is switched off may be faint. axe does not
 * see this where the colours are the user's own.
 */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const part = (value: number) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color: string) => {
      if (pen === null) throw new Error('no canvas');
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data] as [number, number, number, number];
    };
    type Solid = readonly [red: number, green: number, blue: number];
    const light = ([red, green, blue]: Solid) =>
      0.2126 * part(red / 255) + 0.7152 * part(green / 255) + 0.0722 * part(blue / 255);
    const over = (color: string, ground: Solid): Solid => {
      const [red, green, blue, alpha] = rgba(color);
      const mix = (top: number, below: number) => (top * alpha + below * (255 - alpha)) / 255;
      return [mix(red, ground[0]), mix(green, ground[1]), mix(blue, ground[2])];
    };
    const groundOf = (element: Element | null): Solid =>
      element === null
        ? over(getComputedStyle(probe).color, [255, 255, 255])
        : over(getComputedStyle(element).backgroundColor, groundOf(element.parentElement));
    // What the system calls its canvas, as a colour.
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'Canvas';
    const hasText = ({ childNodes }: Element) =>
      [...childNodes].some(({ nodeType, nodeValue }) => nodeType === 3 && nodeValue?.trim());
    const found: string[] = [];
    for (const element of document.querySelectorAll('body *')) {
      if (
        !hasText(element) ||
        !element.checkVisibility() ||
        element.closest('[aria-disabled="true"], :disabled')
      )
        continue;
      const ground = groundOf(element);
      const [one, other] = [light(over(getComputedStyle(element).color, ground)), light(ground)];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5)
        found.push(`${element.outerHTML.slice(0, 120)}: ${contrast.toFixed(2)}; accepted: at least 4.5`);
    }
    probe.remove();
    return found;
  });
}

/** Keeps how it looks, for people. */
export async function keepScreenshot(page: Page, name: string, isWhole = false): Promise<void> {
  const path = resolve(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', fullPage: isWhole });
}

const SCREENSHOTS = resolve(import.meta.dirname, '../../../../../target/web/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
