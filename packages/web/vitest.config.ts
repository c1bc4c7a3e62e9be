import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,page/src}/**/*.test.{ts,tsx}'],
    testTimeout: 60_000,
    // Node 20 has a WebSocket, and shows it only when it is asked to.
    execArgv: ['--experimental-websocket'],
  },
});
