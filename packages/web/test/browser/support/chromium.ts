/** Where Chromium is, and how it is started. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserServer, chromium, type LaunchOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** It must not speak to anybody but to the tests. */
export const FLAGS = [
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
  // An origin of this machine that is none of those that browsers trust without TLS.
  '--host-resolver-rules=MAP insecure.test 127.0.0.1',
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

/** The one of all tests. */
export async function startChromium(): Promise<BrowserServer> {
  return chromium.launchServer({ ...options(), host: '127.0.0.1' });
}

/** One for a test that stops processes of it; the test closes it. */
export async function ownChromium(): Promise<Browser> {
  return chromium.launch(options());
}

function options(): LaunchOptions {
  return { executablePath: program(), args: FLAGS, ignoreDefaultArgs: NEEDED, timeout: START_MS };
}

/** Where it is; throws where there is none. */
export function program(): string {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    throw new Error(
      `no Chromium: none of ${NAMES.join(', ')} is on the path; EVERLINK_CHROMIUM can name one`,
    );
  }
  return executablePath;
}

const START_MS = 60_000;
