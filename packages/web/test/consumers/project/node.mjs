import { EverlinkClient } from 'everlink';
import { meet } from './meeting.js';

console.log(await meet(EverlinkClient, process.argv[2]));
