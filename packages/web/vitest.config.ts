import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 60_000,
    // Node 20 has a WebSocket, and shows it only when it is asked to.
    execArgv: ['--experimental-websocket'],
  },
});
