import { EverlinkClient } from 'everlink/no-wasm';
import { meet } from './meeting.js';

console.log(await meet(EverlinkClient, process.argv[2]));
