/** The page with the engine in plain JavaScript, which its build puts in, for a policy that forbids WebAssembly. */

import { EverlinkClient } from 'everlink';
import { start } from './start.jsx';

start({ clientClass: EverlinkClient, engine: 'js' });
