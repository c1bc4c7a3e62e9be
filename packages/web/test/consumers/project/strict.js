/** The program of a page: meets the server that the address names, and tells how it went. */
import { EverlinkClient } from 'everlink/no-wasm';
import { meet } from './meeting.js';

const asked = new URLSearchParams(location.search);
meet(EverlinkClient, asked.get('server'))
  .catch((error) => String(error))
  .then((said) => fetch(asked.get('tell'), { method: 'POST', body: said, mode: 'no-cors' }));
