// Measures what a page loads for hooks and components: each bundled alone, minified, after Brotli, without React and
// without the client.
//
// `node build/size-react.mjs` prints one line for each, and fails when one is above its limit.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Kilobytes of 1000 bytes. */
const LIMITS = [
  { name: 'useConnection', exports: ['useConnection', 'EverlinkProvider'], max: 2 },
  { name: 'useStatus', exports: ['useStatus'], max: 1.7 },
  { name: 'useWebSocket', exports: ['useWebSocket'], max: 3 },
  { name: 'useChannel', exports: ['useChannel'], max: 4 },
  { name: 'ConnectionBanner', exports: ['ConnectionBanner'], max: 3.3 },
  { name: 'ChatWidget', exports: ['ChatWidget'], max: 10.2 },
];
const STYLES_MAX = 2.6;

const react = fileURLToPath(new URL('../src/react/', import.meta.url));
const ENTRY = '\0entry';
let failed = false;

for (const { name, exports, max } of LIMITS) report(name, await bundled(exports), max);
report('styles.css', readFileSync(`${react}styles.css`), STYLES_MAX);
process.exitCode = failed ? 1 : 0;

function report(name, code, max) {
  const size = brotliCompressSync(code).length / 1000;
  const over = size > max;
  failed ||= over;
  console.log(`${name}: ${size.toFixed(1)} KB after Brotli, at most ${max}${over ? ': TOO LARGE' : ''}`);
}

async function bundled(exports) {
  const entry = {
    name: 'entry',
    resolveId: (id) => (id === ENTRY ? id : undefined),
    load: (id) => (id === ENTRY ? `export { ${exports.join(', ')} } from '${react}index.ts';` : undefined),
  };
  const build = await rolldown({
    input: ENTRY,
    plugins: [entry],
    external: (id) => /^react(\/|$)/.test(id) || id === '../index.js',
    transform: { jsx: { runtime: 'automatic', development: false } },
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  return Buffer.from(output.map((chunk) => chunk.code ?? '').join(''));
}
