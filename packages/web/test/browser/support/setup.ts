/** Before all files: one Chromium, the pages, and the built command. After them nothing is left. */

import type { TestProject } from 'vitest/node';
import { bundle, bundleGallery } from './bundle.js';
import { startChromium } from './chromium.js';
import { BINARY } from './process.js';
import { startSite } from './site.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests connect to Chromium. */
    chromium: string;
    /** Where the test pages are. */
    site: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (BINARY === undefined) {
    throw new Error('the command is not built: `cargo build --bin everlink`, or EVERLINK_BIN names one');
  }
  const [wasm, js, gallery] = [await bundle('wasm'), await bundle('js'), await bundleGallery()];
  const site = await startSite({ wasm, js, gallery });
  const chromium = await startChromium();
  project.provide('chromium', chromium.wsEndpoint());
  project.provide('site', site.url);
  return async () => {
    site.close();
    await chromium.close();
  };
}
