/** Tests in Chromium against the built server: `cargo xtask browser`, which makes both ready. */

import { defineConfig } from 'vitest/config';

/** The long ones run with `EVERLINK_BROWSER=all`. */
const all = process.env.EVERLINK_BROWSER === 'all';

export default defineConfig({
  test: {
    include: ['test/browser/scenarios/*.test.ts', ...(all ? ['test/browser/scenarios/*.long.ts'] : [])],
    globalSetup: ['test/browser/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
