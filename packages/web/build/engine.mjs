// Makes the engine's two modules from the compiled one: `node build/engine.mjs COMPILED FOLDER`.
//
// One carries the WebAssembly as text, so that a page starts synchronously and loads no second file; the
// other is the same program translated to JavaScript, for pages that may not run WebAssembly.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toText } from './bytes.mjs';
import { toStreams } from './streams.mjs';

const [compiled, folder] = process.argv.slice(2);
if (compiled === undefined || folder === undefined) {
  throw new Error('usage: node build/engine.mjs COMPILED FOLDER');
}

const FEATURES = [
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-nontrapping-float-to-int',
  '--enable-sign-ext',
  '--enable-mutable-globals',
  '--enable-multivalue',
  '--enable-reference-types',
];

/**
 * Without the limit, what is called once is put into its caller however large it is, and the few largest functions
 * have locals and offsets with large numbers.
 */
const SMALLER = ['-Oz', '--converge', '--one-caller-inline-max-function-size=60', '--strip-target-features'];

/** wasm2js knows the first WebAssembly only. */
const LOWERING = [
  '--llvm-memory-copy-fill-lowering',
  '--llvm-nontrapping-fptoint-lowering',
  '--signext-lowering',
];

const HEAD = '// Made from the Rust engine; `cargo xtask web` makes it anew.\n\n';

const SCRIPT_TYPES = `import type { Exports } from '../host.js';

/** Starts an instance of the engine. */
export function start(): Exports;
`;

const work = mkdtempSync(join(tmpdir(), 'everlink-'));
try {
  const small = join(work, 'small.wasm');
  tool('wasm-opt', [compiled, ...FEATURES, ...SMALLER, '-o', small]);
  const text = toText(toStreams(readFileSync(small)));
  write(
    'engine-text.ts',
    `/** The compiled engine, as \`backend.ts\` reads it. */\nexport const ENGINE = '${text}';\n`,
  );
  const lowered = join(work, 'lowered.wasm');
  tool('wasm-opt', [compiled, ...FEATURES, ...LOWERING, '-Oz', '-o', lowered]);
  const script = join(work, 'engine.js');
  tool('wasm2js', [lowered, ...FEATURES, '-Oz', '-o', script]);
  write('engine-script.js', asFunction(readFileSync(script, 'utf8')));
  write('engine-script.d.ts', SCRIPT_TYPES);
} finally {
  rmSync(work, { recursive: true });
}

/** Puts the whole program into a function: an import starts nothing. */
function asFunction(script) {
  const end = script.indexOf('var retasmFunc =');
  if (end < 0) {
    throw new Error('wasm2js writes another form than this reads');
  }
  return `export function start() {\n${script.slice(0, end)}\nreturn asmFunc({});\n}\n`;
}

function tool(name, args) {
  execFileSync(process.execPath, [
    fileURLToPath(new URL(`../node_modules/binaryen/bin/${name}`, import.meta.url)),
    ...args,
  ]);
}

function write(name, text) {
  writeFileSync(join(folder, name), `${HEAD}${text}`);
}
