// A server on npm's `socket.io`, over WebSocket, with or without connection state recovery. It records what
// it sees as the other servers do.
'use strict';

const { createServer } = require('node:http');
const { parseArgs } = require('node:util');
const { Server } = require('socket.io');

const { values: options } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    // The event `tick` with a rising number goes to everybody in the room `ticks`.
    'push-every': { type: 'string' },
  },
});

function record(event, fields) {
  const line = { event, at_ms: Math.floor(process.uptime() * 1000), ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const http = createServer();
const io = new Server(http, {
  serveClient: false,
  pingInterval: 400,
  pingTimeout: 400,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
});

let connections = 0;

function serve(socket) {
  const connection = ++connections;
  const { auth } = socket.handshake;
  const { recovered, id: sid } = socket;
  record('entered', { connection, namespace: socket.nsp.name, sid, recovered, auth });
  const take = (name, args) => {
    const text = JSON.stringify([name, ...args]);
    record('message', { connection, text, bytes: text.length });
  };
  socket.on('join', (room, ack) => {
    socket.join(room);
    record('subscribe', { connection, request: { join: room } });
    if (ack) ack({ room });
  });
  socket.on('leave', (room, ack) => {
    socket.leave(room);
    record('unsubscribe', { connection, request: { leave: room } });
    if (ack) ack({ room });
  });
  socket.on('say', (room, said, ack) => {
    take('say', [room, said]);
    socket.nsp.to(room).emit('said', said);
    if (ack) ack(said);
  });
  socket.on('tell', (text) => take('tell', [text]));
  socket.on('mirror', (bytes, ack) => {
    socket.emit('mirrored', bytes, { same: bytes });
    ack(bytes);
  });
  socket.on('ask me', async (question) => {
    const answer = await socket.timeout(5000).emitWithAck('question', question);
    socket.emit('answered', answer);
  });
  // For once: `disconnect` of a server is no accident.
  socket.on('dismiss me', () => socket.disconnect(true));
  socket.on('disconnect', (reason) => record('left', { connection, reason }));
}

// A token ends: one that is used a second time is refused.
const used = new Set();
io.of('/guarded').use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (!token || used.has(token)) {
    next(new Error('unauthorized'));
  } else {
    used.add(token);
    next();
  }
});
for (const name of ['/', '/chat', '/guarded']) io.of(name).on('connection', serve);

if (options['push-every']) {
  let n = 0;
  setInterval(() => {
    n += 1;
    io.to('ticks').emit('tick', n);
  }, Number(options['push-every']));
}

http.listen(Number(options.port), options.host, () => {
  record('listening', { port: http.address().port });
});

// Ends this process once the test that started it is gone, however it went.
process.stdin.on('end', () => process.exit(0)).resume();
