import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'page/src/**/*.test.ts'], testTimeout: 60_000 },
});
