import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,page/src}/**/*.test.{ts,tsx}'],
    // They need Chromium and the built server: `cargo xtask browser`.
    exclude: ['test/browser/**', '**/node_modules/**'],
    testTimeout: 60_000,
    // Node 20 has a WebSocket, and shows it only when it is asked to.
    execArgv: ['--experimental-websocket'],
  },
});
