/** The entry of a test page. */

import * as bench from './workbench.js';

globalThis.bench = bench;
