/** What the test pages load, made from the sources of the package: the workbench, and the gallery of components. */

import { resolve } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';

export type Engine = 'js' | 'wasm';

const ROOT = resolve(import.meta.dirname, '../../..');

export type Files = ReadonlyMap<string, string | Uint8Array>;

/** Returns the files by name: `workbench.js`, and its styles. */
export async function bundle(engine: Engine): Promise<Files> {
  return built({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    mode: 'production',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: resolve(ROOT, 'test/browser/pages/main.ts'),
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: 'workbench.js',
          assetFileNames: 'workbench[extname]',
          codeSplitting: false,
        },
      },
    },
    plugins: engine === 'js' ? [withoutWasm()] : [],
  });
}

/** Returns the files by name: `index.html`, and what it loads. */
export async function bundleGallery(): Promise<Files> {
  const configFile = resolve(ROOT, 'gallery/vite.config.ts');
  return built({ configFile, logLevel: 'error', mode: 'production', build: { write: false, minify: false } });
}

async function built(config: InlineConfig): Promise<Files> {
  const output = await build(config);
  const outputs = Array.isArray(output) ? output : [output];
  const files = outputs.flatMap((part) => ('output' in part ? part.output : []));
  return new Map(files.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]));
}

/** As the export `everlink/no-wasm` is built. */
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
