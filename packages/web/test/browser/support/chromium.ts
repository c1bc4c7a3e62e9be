/** Where Chromium is, and how it is started. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type BrowserServer, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** It must not speak to anybody but to the tests. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Tabs behind others are throttled only where a test says so.
  '--disable-backgrounding-occluded-windows',
  '--js-flags=--expose-gc',
];

/** Playwright switches it off otherwise. */
const NEEDED = ['--disable-back-forward-cache'];

/** `EVERLINK_CHROMIUM`, or the first of the usual names on the path. */
export function chromiumPath(): string | undefined {
  const given = process.env.EVERLINK_CHROMIUM;
  if (given !== undefined) return given;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
}

export async function startChromium(): Promise<BrowserServer> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    throw new Error(
      `no Chromium: none of ${NAMES.join(', ')} is on the path; EVERLINK_CHROMIUM can name one`,
    );
  }
  return chromium.launchServer({
    executablePath,
    args: FLAGS,
    ignoreDefaultArgs: NEEDED,
    host: '127.0.0.1',
    timeout: START_MS,
  });
}

const START_MS = 60_000;
