// A room on npm's `socket.io`, with connection state recovery.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http, {
  serveClient: false,
  pingInterval: 20_000,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
});

io.on('connection', (socket) => {
  if (socket.handshake.query.role === 'publisher') {
    socket.on('publish', (text) => io.to('room').emit('message', text));
    return;
  }
  // Who is recovered is there already.
  socket.join('room');
  socket.emit('joined');
});
http.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () => {
  process.stdout.write(`${JSON.stringify([`127.0.0.1:${http.address().port}`])}\n`);
});

// Ends this process once the benchmark that started it is gone, however it went.
process.stdin.on('end', () => process.exit(0)).resume();
