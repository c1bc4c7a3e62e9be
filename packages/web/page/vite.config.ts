/** Builds the page into `target/web/page`, where the command takes it from; each file also compressed by brotli. */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  // What is imported is taken from the sources of the package.
  resolve: {
    alias: [
      { find: /^everlink$/, replacement: here('../src/index.ts') },
      { find: /^everlink\/no-wasm$/, replacement: here('../src/no-wasm.ts') },
      { find: /^everlink\/react$/, replacement: here('../src/react/index.ts') },
      { find: /^everlink\/styles\.css$/, replacement: here('../src/react/styles.css') },
    ],
  },
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    outDir: process.env['EVERLINK_PAGE_OUT'] ?? here('../../../target/web/page'),
    emptyOutDir: true,
    target: 'es2022',
    // It would put a script into the document, which its policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: [here('index.html'), here('js.html'), here('classic.html')] },
  },
  plugins: [compressed()],
});

/** Writes `name.br` beside each file that gets smaller by it. */
function compressed(): Plugin {
  let folder = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: async () => {
      const files = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const file of files.filter((file) => file.isFile())) {
        const path = join(file.parentPath, file.name);
        if (path.endsWith('.br')) await rm(path);
        else await compress(path);
      }
    },
  };
}

async function compress(path: string): Promise<void> {
  const plain = await readFile(path);
  const small = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  if (small.length < plain.length) await writeFile(`${path}.br`, small);
}
