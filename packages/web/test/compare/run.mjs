// Measures clients beside each other: sizes, and what they do in faults. Prints Markdown.
//
// `node run.mjs` takes some minutes; `--quick` measures one fault; `--only ROW` one row of docs/faults.txt.
// `EVERLINK_BIN` names the `everlink` command, whose server and proxy are used.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.mjs';
import { chaos, client } from './processes.mjs';
import { sizes } from './sizes.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});

/** Who, and the server that he is made for. */
const CLIENTS = [
  ['reconnecting-websocket', 'raw'],
  ['partysocket', 'raw'],
  ['socket.io-client', 'socketio'],
  ['centrifuge', 'centrifuge'],
  ['everlink-socket', 'raw'],
  ['everlink', 'everlink'],
];

/** How long a connection stands before it is broken. */
const SETTLING_MS = 2000;

const faults = FAULTS.filter(({ row, isQuick }) =>
  options.only === undefined ? isQuick || !options.quick : String(row) === options.only,
);
if (faults.length === 0) throw new Error(`--only: found ${options.only}; accepted: a row that is measured`);

const measured = await sizes(CLIENTS.map(([name]) => name));
line('', ...CLIENTS.map(([name]) => `\`${name}\``));
line('---', ...CLIENTS.map(() => '---'));
line('version', ...measured.map(({ version }) => version));
line('KB after Brotli', ...measured.map(({ kilobytes }) => kilobytes.toFixed(1)));
for (const fault of faults) {
  const outcomes = await Promise.all(CLIENTS.map(([name, kind]) => outcome(fault, name, kind)));
  line(`${fault.row}: ${fault.name}; ${fault.looks}`, ...outcomes);
}

/** Each client has a server, a proxy and a process of its own. */
async function outcome(fault, name, kind) {
  const { serve } = await import(`./servers/${kind}.mjs`);
  const started = [];
  try {
    const server = await serve();
    started.push(server);
    const proxy = await chaos(server.port);
    started.push(proxy);
    if (fault.isBroken) await proxy.fault(fault.isBroken);
    const one = client(name, `ws://${proxy.listen}${server.path}`);
    started.push(one);
    if (!fault.isBroken && (await one.next('opened', 20_000)) === undefined) {
      throw new Error(`it does not connect: ${one.complaint()}`);
    }
    // Some change their transport once they are connected.
    if (!fault.isBroken) await pause(SETTLING_MS);
    const said = await fault.run({ client: one, proxy, server });
    one.mustLive();
    return said;
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name}, ${fault.name}: ${error.stack ?? error}`);
    return 'could not be measured';
  } finally {
    for (const each of started.reverse()) await each.stop();
  }
}

function line(...cells) {
  console.log(`| ${cells.join(' | ')} |`);
}
