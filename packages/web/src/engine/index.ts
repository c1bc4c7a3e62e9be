/** The engine, as the drivers import it. */

import { load } from './backend.js';
import { engineMaker } from './engine.js';

export * from './errors.js';
export { failureClass, verdictOf } from './failures.js';
export type * from './types.js';

/** Makes an engine; the first one starts the compiled program, an import starts nothing. */
export const createEngine = engineMaker(load);
