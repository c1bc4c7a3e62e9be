// Goes through a whole interruption with the official client of Socket.IO: messages before, while the network is away,
// and after; each must have arrived once, in order, on whatever carrier.
//
//     everlink serve &
//     npm install socket.io-client
//     node comprehensive.js http://127.0.0.1:8400
'use strict';

const { io } = require('socket.io-client');

const url = process.argv[2] ?? 'http://127.0.0.1:8400';
const EACH = 10;
const LIMIT_MS = 10_000;

/** Waits until something is so, but not for ever. */
async function until(what, isSo) {
  const end = Date.now() + LIMIT_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function open(transports) {
  const socket = io(url, { forceNew: true, reconnectionDelay: 100, ...(transports && { transports }) });
  const seen = { messages: [], lost: 0, returns: 0 };
  socket.on('message', ({ text }) => seen.messages.push(text));
  socket.on('disconnect', () => seen.lost++);
  socket.on('connect', () => (seen.returns += socket.recovered ? 1 : 0));
  return { socket, seen };
}

async function say(socket, room, first) {
  for (let number = first; number < first + EACH; number++) {
    // Its id makes it safe to say again what was not acknowledged.
    const message = { room, id: `${room}-${number}`, text: `message ${number}` };
    await socket.timeout(LIMIT_MS).emitWithAck('message', message);
  }
}

/** One cycle: together, apart, together again. */
async function cycle(carrier, transports) {
  const room = `comprehensive-${carrier}-${Date.now().toString(36)}`;
  const [speaker, listener] = [open(), open(transports)];
  for (const { socket } of [speaker, listener]) {
    await until(`connected by ${carrier}`, () => socket.connected);
    await socket.timeout(LIMIT_MS).emitWithAck('join', { room });
  }
  await say(speaker.socket, room, 1);
  await until('messages before', () => listener.seen.messages.length === EACH);

  const { engine } = listener.socket.io;
  // The network is away: no attempt succeeds until it is whole again.
  listener.socket.io.reconnection(false);
  engine.close();
  await until('the loss is noticed', () => listener.seen.lost === 1);
  await say(speaker.socket, room, EACH + 1);
  listener.socket.io.reconnection(true);
  listener.socket.connect();
  await until('back and recovered', () => listener.seen.returns === 1);
  await say(speaker.socket, room, 2 * EACH + 1);
  await until('messages after', () => listener.seen.messages.length >= 3 * EACH);

  const wanted = Array.from({ length: 3 * EACH }, (_, at) => `message ${at + 1}`);
  for (const { socket, seen } of [speaker, listener]) {
    socket.disconnect();
    if (seen.messages.join() !== wanted.join()) throw new Error(`${carrier}: ${seen.messages.join(', ')}`);
  }
  console.log(`ok: ${carrier}: ${wanted.length} messages, each once and in order, ${EACH} of them missed`);
}

async function main() {
  await cycle('default', undefined);
  await cycle('polling', ['polling']);
  await cycle('websocket', ['websocket']);
}

main().then(
  () => console.log('all is well'),
  (error) => {
    console.error(`FAILED ${error.message}`);
    process.exit(1);
  },
);
