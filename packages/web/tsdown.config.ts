import { existsSync } from 'node:fs';
import { defineConfig, type UserConfig } from 'tsdown';

/** What the package exports, as far as it is there. */
const ENTRIES = ['index', 'react', 'testing'].filter((name) =>
  [`src/${name}.ts`, `src/${name}/index.ts`].some((path) => existsSync(path)),
);

const entry = Object.fromEntries(
  ENTRIES.map((name) => [name, existsSync(`src/${name}.ts`) ? `src/${name}.ts` : `src/${name}/index.ts`]),
);

const common = {
  entry,
  format: 'esm',
  dts: true,
  target: 'es2022',
  platform: 'neutral',
  external: ['react', 'react/jsx-runtime'],
} satisfies UserConfig;

/** The same sources twice: with the compiled engine, and with the same engine translated to JavaScript. */
export default defineConfig([
  { ...common, outDir: 'dist', copy: [{ from: 'src/react/styles.css', to: 'dist' }] },
  {
    ...common,
    outDir: 'dist/no-wasm',
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
