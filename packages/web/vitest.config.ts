import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts', 'test/**/*.test.tsx', 'page/src/**/*.test.ts'],
    // They need Chromium and the built server: `cargo xtask browser`.
    exclude: ['test/browser/**', '**/node_modules/**'],
    testTimeout: 60_000,
  },
});
