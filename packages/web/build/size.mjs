// Measures what a page loads of the engine: the bundle of `src/engine/index.ts`, minified, after Brotli.
//
// `node build/size.mjs` prints one line for each way, and fails when one is above its limit.
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Kilobytes of 1000 bytes. Why they are what they are: docs/decisions/0006-size-of-the-engine.md. */
const LIMITS = [
  { name: 'engine as WebAssembly', backend: 'backend.ts', max: 40 },
  { name: 'engine as JavaScript', backend: 'backend-no-wasm.ts', max: 56 },
];

const engine = fileURLToPath(new URL('../src/engine/', import.meta.url));

let failed = false;
for (const { name, backend, max } of LIMITS) {
  const size = brotliCompressSync(await bundled(backend)).length / 1000;
  const over = size > max;
  failed ||= over;
  console.log(`${name}: ${size.toFixed(1)} KB after Brotli, at most ${max}${over ? ': TOO LARGE' : ''}`);
}
process.exitCode = failed ? 1 : 0;

async function bundled(backend) {
  const resolveId = (source) => (source === './backend.js' ? `${engine}${backend}` : undefined);
  const build = await rolldown({ input: `${engine}index.ts`, plugins: [{ name: 'backend', resolveId }] });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  return output.map((chunk) => chunk.code ?? '').join('');
}
