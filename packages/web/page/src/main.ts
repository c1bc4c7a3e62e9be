/** The page with the engine in WebAssembly. */

import { EverlinkClient } from 'everlink';
import { start } from './start.jsx';

start({ clientClass: EverlinkClient, engine: 'wasm' });
