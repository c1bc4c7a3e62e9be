/** Builds the page into `target/web/page`, where the command takes it from; each file also compressed by brotli. */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Mode `js` builds the variant with the engine in plain JavaScript, beside what is there already. */
export default defineConfig(({ mode }) => ({
  root: here('.'),
  // What is imported is taken from the sources of the package.
  resolve: {
    alias: [
      { find: /^everlink$/, replacement: here('../src/index.ts') },
      { find: /^everlink\/react$/, replacement: here('../src/react/index.ts') },
      { find: /^everlink\/styles\.css$/, replacement: here('../src/react/styles.css') },
    ],
  },
  build: {
    outDir: process.env['EVERLINK_PAGE_OUT'] ?? here('../../../target/web/page'),
    emptyOutDir: mode !== 'js',
    target: 'es2022',
    // It would put a script into the document, which its policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: mode === 'js' ? [here('js.html')] : [here('index.html'), here('classic.html')],
    },
  },
  plugins: [...(mode === 'js' ? [withoutWasm()] : []), compressed()],
}));

/** Takes the engine that is translated to JavaScript. */
function withoutWasm(): Plugin {
  return {
    name: 'without-wasm',
    enforce: 'pre',
    async resolveId(source, importer) {
      const isBackend = source === './backend.js' && importer?.includes('src/engine/');
      return isBackend ? this.resolve('./backend-no-wasm.js', importer, { skipSelf: true }) : undefined;
    },
  };
}

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
      const plain = files.filter((file) => file.isFile() && !file.name.endsWith('.br'));
      for (const file of plain) await compress(join(file.parentPath, file.name));
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
