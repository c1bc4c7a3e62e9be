/** `test` with a browser context, a server and a proxy of its own, and ways to wait for what a page shows. */

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { test as base, inject } from 'vitest';
import type * as Workbench from '../pages/workbench.js';
import { ChaosProxy } from './proxy.js';
import { Server, type ServerOptions } from './server.js';

declare global {
  /** What the test pages load; see `pages/workbench.tsx`. */
  var bench: typeof Workbench;
}

/** A server with a proxy before it. */
export interface Link {
  readonly server: Server;
  readonly proxy: ChaosProxy;
  /** The endpoint behind the proxy, for a user. */
  url(user: string): string;
}

interface Fixtures {
  readonly browser: Browser;
  /** A browser of its own: storage, locks and pages are gone afterwards. */
  readonly context: BrowserContext;
  /** Messages in memory. */
  readonly link: Link;
  /** Messages on disk. */
  readonly diskLink: Link;
  /** What pages of `context` said on the console as errors, or threw. */
  readonly complaints: string[];
  /** Opens a test page: `plain`, `wasm`, `strict` or `forbidden` name its policy. */
  readonly open: (policy?: string) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  browser: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads what a fixture needs from its pattern
    async ({}, use) => {
      const browser = await chromium.connect(inject('chromium'));
      await use(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  context: async ({ browser }, use) => {
    const context = await browser.newContext();
    context.setDefaultTimeout(LIMIT_MS);
    await use(context);
    await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: the runner reads what a fixture needs from its pattern
  link: async ({}, use) => withLink({}, use),
  // biome-ignore lint/correctness/noEmptyPattern: the runner reads what a fixture needs from its pattern
  diskLink: async ({}, use) => withLink({ store: 'disk' }, use),
  complaints: async ({ context }, use) => {
    const complaints: string[] = [];
    context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    context.on('weberror', (error) => complaints.push(String(error.error())));
    await use(complaints);
  },
  open: async ({ context }, use) => {
    await use(async (policy = 'plain') => {
      return openPage(context, `${inject('site')}/${policy}`);
    });
  },
});

/** Opens a test page at an address. */
export async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await until(page, () => 'bench' in globalThis);
  return page;
}

/** Makes a server and a proxy for as long as they are used. */
export async function withLink(options: ServerOptions, use: (link: Link) => Promise<void>): Promise<void> {
  const server = await Server.start(options);
  try {
    const proxy = await ChaosProxy.start(server.address);
    try {
      await use({ server, proxy, url: (user) => `ws://${proxy.address}/ws?user_id=${user}` });
    } finally {
      await proxy.remove();
    }
  } finally {
    await server.remove();
  }
}

/** Waits until a function answers with something true in a page. Returns that; fails with what it answered last. */
export async function until<A, T>(
  page: Page,
  look: (argument: A) => T | Promise<T>,
  argument?: A,
  limitMs = LIMIT_MS,
): Promise<T> {
  return eventually(
    `${look}`,
    () => page.evaluate(look as never, argument) as Promise<T>,
    (value) => Boolean(value),
    limitMs,
  );
}

/** Looks again and again until it is right; a look that fails (a page that just navigates) counts as not yet. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T>,
  isRight: (value: T) => boolean,
  limitMs = LIMIT_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await look();
      if (isRight(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(
    `after ${limitMs} ms still not: ${what}\nlast: ${last instanceof Error ? last.message : JSON.stringify(last)?.slice(-600)}`,
  );
}

/** 1, 2, 3, … */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

const LIMIT_MS = 20_000;
const LOOK_MS = 20;
