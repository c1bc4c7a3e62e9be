// Our package for JavaScript under Node, told by JSON lines on standard input what to do, as the clients of
// Socket.IO are; the argument is the package, bundled. What it hears goes to standard output, a line each.
'use strict';

const { createInterface } = require('node:readline');
const { pathToFileURL } = require('node:url');
const { WebSocket } = require('ws');

/** Back soon, again and again: what cuts the connection here is no sign of a sick server. */
const settings = {
  backoffMinMs: 20,
  backoffMaxMs: 200,
  backoffFloorMs: 0,
  returnWindowMs: false,
  dialsPerMinute: false,
  stableAfterMs: 0,
  heartbeatIntervalMs: 500,
  heartbeatTimeoutMs: 500,
  queueMessagesMax: 5000,
};

const clients = new Map();

function say(socket, event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ socket, event, ...fields })}\n`);
}

async function open({ socket: name, url, room }, { EverlinkClient }) {
  const openSocket = (...where) => new WebSocket(...where);
  const client = new EverlinkClient(url, { settings, platform: { openSocket } });
  const channel = client.channel(room, { from: 'beginning', itemsMax: 5000 });
  clients.set(name, { client, channel });
  channel.onItem((item) => {
    if (item.type === 'message') {
      const { offset, payload } = item;
      say(name, 'heard', { name: 'message', args: [{ ...payload, sequence_number: offset }] });
    } else {
      say(name, 'heard', { name: item.type, args: [item] });
    }
  });
  client.addEventListener('disconnected', () => say(name, 'disconnected'));
  await client.connect();
  say(name, 'connected');
}

async function publish({ socket: name, author, from, to }) {
  const { channel } = clients.get(name);
  for (let number = from; number <= to; number += 1) {
    const ticket = channel.publish({ text: `${author} ${number}` });
    const { status, reason } = await ticket.settled;
    if (status !== 'acked') say(name, 'failed', { number, status, reason });
  }
  say(name, 'published', { to });
}

const verbs = { open, publish };
const everlink = import(pathToFileURL(process.argv[2]).href);

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const command = JSON.parse(line);
    await verbs[command.do](command, await everlink);
  })
  // The test that started this program is gone, however it went.
  .on('close', () => process.exit(0));
