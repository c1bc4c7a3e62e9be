/** A way through a page by the Tab key alone, and what must be true of it. */

import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Where the focus stood. */
export interface Stop {
  /** The same for the same element. */
  readonly id: number;
  /** Tag, and what a user would call it. */
  readonly name: string;
  /** Of its box in the document. */
  readonly top: number;
  readonly left: number;
  /** It is in view, and nothing lies over its middle. */
  readonly isSeen: boolean;
  /** What says that it is focused: an outline, at least so wide. */
  readonly outlinePx: number;
}

/** What can be focused and is shown, in the order of the document; runs in the page. */
const FOCUSABLE = `[...document.querySelectorAll(
  'a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled), select:not(:disabled), [tabindex="0"]'
)].filter((element) => element.checkVisibility({ visibilityProperty: true }))`;

const NAME = `(element) => {
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
  return element.localName + ' ' + label.trim().slice(0, 40);
}`;

const LOOK = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return undefined;
  const { top, left, width, height } = element.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const known = (globalThis.walked ??= new Map());
  if (!known.has(element)) known.set(element, known.size);
  return {
    id: known.get(element),
    name: (${NAME})(element),
    top: Math.round(top), left: Math.round(left),
    isSeen: at !== null && (element.contains(at) || at.contains(element)),
    outlinePx: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth),
  };
})()`;

/** Goes on with Tab (or back with Shift+Tab) until the focus leaves the page, or is where it began. */
export async function walk(page: Page, key: 'Shift+Tab' | 'Tab' = 'Tab'): Promise<Stop[]> {
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    // Else it would go on from where it was.
    getSelection()?.removeAllRanges();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });
  const stops: Stop[] = [];
  for (let at = 0; at < STOPS_MAX; at += 1) {
    await page.keyboard.press(key);
    const stop = (await page.evaluate(LOOK)) as Stop | undefined;
    // From the beginning of the page it may leave it first, when it goes backwards.
    if (stop === undefined && at === 0) continue;
    // Where there is nothing beside the page that could take the focus, it begins anew.
    if (stop === undefined || stop.id === stops[0]?.id) return stops;
    stops.push(stop);
  }
  throw new Error(`the focus does not leave the page: ${stops.map(({ name }) => name).slice(-6)}`);
}

/** Everything is reached, once, in the order of the document, and is seen to be focused; and the same backwards. */
export async function expectWalkable(page: Page): Promise<Stop[]> {
  const there = await walk(page);
  const all = (await page.evaluate(`${FOCUSABLE}.map(${NAME})`)) as string[];
  expect(there.map(({ name }) => name)).toEqual(all);
  expect(there.filter(({ outlinePx, isSeen }) => outlinePx < 2 || !isSeen)).toEqual([]);
  const back = await walk(page, 'Shift+Tab');
  expect(back.map(({ name }) => name)).toEqual(there.map(({ name }) => name).reverse());
  return there;
}

/** Presses Tab until something is focused that is called so. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let at = 0; at < STOPS_MAX; at += 1) {
    const stop = (await page.evaluate(LOOK)) as Stop | undefined;
    if (stop !== undefined && name.test(stop.name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to ${name}`);
}

const STOPS_MAX = 200;
