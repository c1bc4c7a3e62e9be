/** What each client costs a page: what `clients/NAME.mjs` uses of it, bundled in the same way. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

export function sizes(names) {
  return Promise.all(names.map((name) => size(name)));
}

async function size(name) {
  const entry = fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
  const home = name.startsWith('everlink') ? '../..' : `node_modules/${name}`;
  const { version } = JSON.parse(readFileSync(new URL(`${home}/package.json`, import.meta.url), 'utf8'));
  return { version, kilobytes: brotliCompressSync(outputFiles[0].contents).length / 1000 };
}
