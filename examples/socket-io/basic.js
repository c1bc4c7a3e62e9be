// Connects to a server of Everlink with the official client of Socket.IO, joins a room, says something, and is
// interrupted once:
//
//     everlink serve &
//     npm install socket.io-client
//     node basic.js http://127.0.0.1:8400
'use strict';

const { io } = require('socket.io-client');

const url = process.argv[2] ?? 'http://127.0.0.1:8400';
const room = `basic-${Date.now().toString(36)}`;

/** Waits for an event, but not for ever. */
function once(emitter, event) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no ${event} within 10 s`)), 10_000);
    emitter.once(event, (value) => {
      clearTimeout(limit);
      resolve(value);
    });
  });
}

async function main() {
  const socket = io(url, { reconnectionDelay: 100 });
  await once(socket, 'connect');
  console.log(`connected as ${socket.id}`);

  const joined = await socket.timeout(5000).emitWithAck('join', { room });
  console.log(`joined ${room}, which has ${joined.sequence_number} messages`);

  const heard = once(socket, 'message');
  const stored = await socket.timeout(5000).emitWithAck('message', { room, text: 'hello' });
  const message = await heard;
  console.log(`said and heard "${message.text}", message ${message.sequence_number}`);
  if (message.sequence_number !== stored.sequence_number) throw new Error('that was another message');

  // As when the network goes away: the client notices, and comes back by itself.
  const back = once(socket, 'connect');
  socket.io.engine.close();
  await back;
  console.log(`back as ${socket.id}, ${socket.recovered ? 'recovered' : 'as somebody new'}`);
  if (!socket.recovered) throw new Error('the session was not recovered');
  socket.disconnect();
}

main().then(
  () => console.log('all is well'),
  (error) => {
    console.error(`FAILED ${error.message}`);
    process.exit(1);
  },
);
