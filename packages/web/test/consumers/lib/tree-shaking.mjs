/** What is not used is not in the bundle. */
import assert from 'node:assert/strict';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

/** An import, what may not be in it by file, and the largest it may be, in kilobytes after Brotli. */
const BUNDLES = [
  {
    code: "import { EverlinkSocket } from 'everlink'; globalThis.socket = EverlinkSocket",
    without: /\/(storage|tabs|react|chat|messenger|rooms|conversation|testing)[/.]/,
    max: 58,
  },
  {
    code: "import { OfflineQueue } from 'everlink'; globalThis.queue = OfflineQueue",
    without: /\/(engine\/(?!errors)|driver|codec|client|tabs|react)[/.]/,
    max: 6,
  },
  {
    code: "import { useConnection } from 'everlink/react'; globalThis.hook = useConnection",
    without: /\/(engine|driver|codec|client|storage|tabs|chat|rooms|components)[/.]/,
    max: 2.5,
  },
  { code: "import 'everlink'; import 'everlink/react'", without: /./, max: 0.1 },
];

export async function checkTreeShaking({ folder }) {
  const sizes = [];
  for (const { code, without, max } of BUNDLES) {
    const { metafile, outputFiles } = await build({
      stdin: { contents: code, resolveDir: folder },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      metafile: true,
      external: ['react', 'react/jsx-runtime'],
      logLevel: 'error',
    });
    const held = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs)
        .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes('everlink/dist'))
        .map(([path]) => path.replace(/.*everlink\/dist/, '')),
    );
    assert.deepEqual(
      held.filter((path) => without.test(path)),
      [],
      `${code} holds what it does not use`,
    );
    const size = brotliCompressSync(outputFiles[0].contents).length / 1000;
    assert.ok(size <= max, `${code} has ${size} KB, at most ${max}`);
    sizes.push(size.toFixed(1));
  }
  return `socket ${sizes[0]} KB, offline queue ${sizes[1]} KB, hook ${sizes[2]} KB, nothing ${sizes[3]} KB`;
}
