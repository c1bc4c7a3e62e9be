import { defineConfig, type UserConfig } from 'tsdown';

/** What stands on the engine, in either of its two forms. */
const parts = {
  index: 'src/index.ts',
  chat: 'src/chat/index.ts',
  messenger: 'src/messenger/index.ts',
  rooms: 'src/rooms/index.ts',
  react: 'src/react/index.ts',
};

const common = {
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: ['react', 'react/jsx-runtime'],
  // A file for each source: a bundler drops whole files that nobody needs, and cannot look into one that holds all.
  unbundle: true,
} satisfies UserConfig;

/** The same sources twice: with the compiled engine, and with the same engine translated to JavaScript. */
export default defineConfig([
  {
    ...common,
    entry: { ...parts, testing: 'src/testing.ts' },
    outDir: 'dist',
    dts: true,
    copy: [{ from: 'src/react/styles.css', to: 'dist' }],
  },
  {
    ...common,
    entry: parts,
    outDir: 'dist/no-wasm',
    // The types are those of the other build, so that a value of one fits the other.
    dts: false,
    plugins: [
      {
        name: 'no-wasm',
        resolveId(source, importer) {
          return source === './backend.js' && importer?.includes('src/engine/')
            ? this.resolve('./backend-no-wasm.js', importer, { skipSelf: true })
            : undefined;
        },
      },
    ],
  },
]);
