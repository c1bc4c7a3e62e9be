/** One client in a process of its own, as its documentation says and with its defaults; the parent says what to do. */
import { WebSocket } from 'ws';

// Node 20 has none that is complete: all clients get the same one. It ends the process when an error is not listened to,
// which no browser does.
globalThis.WebSocket = class extends WebSocket {
  constructor(...parameters) {
    super(...parameters);
    this.on('error', () => undefined);
  }
};

const [name, url] = process.argv.slice(2);
const { connect } = await import(`./${name}.mjs`);
const tell = (type, more = {}) => process.connected && process.send({ type, at: Date.now(), ...more });

/** The same of every client: it tells when it opened, when it noticed a loss, what came, and what it dropped. */
const client = connect(url, {
  opened: () => tell('opened'),
  lost: () => tell('lost'),
  came: (text) => tell('came', { text }),
  dropped: (count = 1) => {
    told += count;
  },
});
let told = 0;

process.on('message', ({ ask, count, bytes }) => {
  if (ask === 'told') tell('told', { count: told });
  if (ask === 'memory') {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    tell('memory', { bytes: heapUsed + external });
  }
  if (ask !== 'send') return;
  for (let at = 0; at < count; at += 1) {
    try {
      client.send(`${at}:${Buffer.alloc(bytes ?? 8, 97 + (at % 26)).toString('latin1')}`);
    } catch {
      told += 1;
    }
  }
  tell('asked');
});
process.once('disconnect', () => process.exit(0));
