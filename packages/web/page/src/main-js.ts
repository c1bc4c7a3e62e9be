/** The page with the engine in plain JavaScript, for a policy that forbids WebAssembly. */

import { EverlinkClient } from 'everlink/no-wasm';
import { start } from './start.jsx';

start({ clientClass: EverlinkClient, engine: 'js' });
