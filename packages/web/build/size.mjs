// Measures what a page loads: what an import needs, bundled and minified, after Brotli.
//
// `node build/size.mjs` prints one line for each part, and fails when one is above its budget.
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/**
 * Budgets in kilobytes of 1000 bytes. Why they are what they are: docs/decisions/0006-size-of-the-engine.md and
 * 0007-size-of-the-client.md; hooks and components are measured by size-react.mjs. What is `beyond` another bundle is
 * counted without what that one has already.
 */
const PARTS = [
  { name: 'engine as WebAssembly', code: "export * from './engine/index.ts'", max: 34 },
  { name: 'engine as JavaScript', code: "export * from './engine/index.ts'", backend: 'no-wasm', max: 52 },
  { name: 'EverlinkClient with the engine', code: named('EverlinkClient'), max: 50.5 },
  { name: 'EverlinkClient beyond the engine', code: named('EverlinkClient'), beyond: 'engine', max: 17 },
  { name: 'EverlinkSocket beyond the engine', code: named('EverlinkSocket'), beyond: 'engine', max: 18 },
  { name: 'durable outbox and cursors', code: named('indexedDbOutbox, indexedDbCursors'), max: 6 },
  { name: 'offline queue', code: named('OfflineQueue, restSend'), max: 6 },
];

const source = fileURLToPath(new URL('../src/', import.meta.url));
const bases = { engine: await size({ code: "export * from './engine/index.ts'" }) };

let failed = false;
for (const part of PARTS) {
  const kilobytes = ((await size(part)) - (bases[part.beyond] ?? 0)) / 1000;
  const over = kilobytes > part.max;
  failed ||= over;
  console.log(
    `${part.name}: ${kilobytes.toFixed(1)} KB after Brotli, at most ${part.max}${over ? ': TOO LARGE' : ''}`,
  );
}
process.exitCode = failed ? 1 : 0;

function named(names) {
  return `export { ${names} } from './index.ts'`;
}

async function size({ code, backend }) {
  return brotliCompressSync(await bundled(code, backend)).length;
}

async function bundled(code, backend) {
  const plugin = {
    name: 'parts',
    resolveId(id) {
      if (id === 'part') return `${source}part.ts`;
      if (id === './backend.js' && backend === 'no-wasm') return `${source}engine/backend-no-wasm.ts`;
      return undefined;
    },
    load: (id) => (id === `${source}part.ts` ? code : undefined),
  };
  const build = await rolldown({
    input: 'part',
    plugins: [plugin],
    treeshake: { moduleSideEffects: false },
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  return output.map((chunk) => chunk.code ?? '').join('');
}
