/** The engine as JavaScript, for pages that may not run WebAssembly, and for React Native. */

import { start } from './generated/engine-script.js';
import type { Exports } from './host.js';

/** Starts the engine. */
export function load(): Exports {
  return start();
}
