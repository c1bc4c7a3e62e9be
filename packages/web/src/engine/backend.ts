/** The engine as WebAssembly. The build for `everlink/no-wasm` puts `backend-no-wasm.ts` in its place. */

import { ENGINE } from './generated/engine-text.js';
import type { Exports } from './host.js';
import { fromStreams } from './streams.js';
import { fromText } from './text.js';

/** Compiles and starts the engine, at once: it is small enough for that. */
export function load(): Exports {
  const module = new WebAssembly.Module(fromStreams(fromText(ENGINE)));
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}
