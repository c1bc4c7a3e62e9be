/** The tests of hooks and components with the oldest React of the peer range: `npm run react-18`. */

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const { resolve: find } = createRequire(resolve(import.meta.dirname, 'test/react-18/package.json'));

/** As ES modules: what a module of CommonJS requires cannot be put in the place of something else. */
const TESTING = resolve(
  import.meta.dirname,
  'node_modules/@testing-library/react/dist/@testing-library/react.esm.js',
);

/** Every way in which React is imported; React 18.2 has no more of them that are used here. */
const ENTRIES = ['react', 'react/jsx-runtime', 'react/jsx-dev-runtime', 'react-dom', 'react-dom/client'];
const DOM = ['react-dom/server', 'react-dom/test-utils'];

export default defineConfig({
  resolve: {
    alias: [
      ...[...ENTRIES, ...DOM].map((entry) => ({ find: new RegExp(`^${entry}$`), replacement: find(entry) })),
      { find: /^@testing-library\/react$/, replacement: TESTING },
    ],
  },
  test: {
    include: ['src/react/*.test.{ts,tsx}'],
    setupFiles: ['test/react-18/version.ts'],
    // What renders in tests must take the same React.
    server: { deps: { inline: [/@testing-library/] } },
    testTimeout: 60_000,
    execArgv: ['--experimental-websocket'],
  },
});
