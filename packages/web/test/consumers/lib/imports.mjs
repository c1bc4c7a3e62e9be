/** Nothing happens at import: each entry is run where touching any global but the language's own throws. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import vm from 'node:vm';
import { build } from 'esbuild';

/** `testing` is left out: it keeps `setImmediate` from before a test replaces it. */
const ENTRIES = ['everlink', 'chat', 'messenger', 'rooms', 'react', 'no-wasm', 'no-wasm/react'];

/** What starts something, writes or tells the time is no business of an import, though the language has it. */
const REFUSED = ['WebAssembly', 'console', 'FinalizationRegistry', 'Atomics', 'globalThis'];

/** The language by itself: a context without any global of a browser or of Node. */
const LANGUAGE = Object.fromEntries(
  vm
    .runInNewContext('Object.getOwnPropertyNames(globalThis).map((name) => [name, globalThis[name]])')
    .filter(([name]) => !REFUSED.includes(name)),
);

export async function checkImports({ folder }) {
  assert.throws(() => imported('performance.now()', folder), /touched at import: performance/);
  for (const entry of ENTRIES) {
    const name = entry === 'everlink' ? entry : `everlink/${entry}`;
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${name}'`, resolveDir: folder },
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'everlink',
      external: ['react', 'react/jsx-runtime'],
      logLevel: 'error',
    });
    let found;
    try {
      found = imported(outputFiles[0].text, folder);
    } catch (error) {
      throw new Error(name, { cause: error });
    }
    assert.ok(Object.keys(found ?? {}).length > 0, `${name} exports nothing`);
  }
  return `${ENTRIES.length} entries touch no global`;
}

/** Runs code; returns what it exports. A name that belongs to no language throws. */
function imported(code, folder) {
  const known = { ...LANGUAGE, require: createRequire(`${folder}/`), everlink: undefined };
  const looked = (way) => (target, name) => {
    if (typeof name === 'string' && !Object.hasOwn(known, name))
      throw new Error(`touched at import: ${name}`);
    return way(target, name);
  };
  const sandbox = new Proxy(known, { get: looked(Reflect.get), has: looked(Reflect.has) });
  vm.runInContext(code, vm.createContext(sandbox));
  return known.everlink;
}
