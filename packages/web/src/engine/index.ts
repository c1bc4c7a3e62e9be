/** The engine, as the drivers import it. */

import type { Engine, EngineOptions } from './types.js';

export * from './errors.js';
export type * from './types.js';

export declare function createEngine<P>(options: EngineOptions): Engine<P>;
