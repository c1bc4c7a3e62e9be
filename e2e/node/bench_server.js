// A room on npm's `ws`, with the heartbeat that its documentation shows.
'use strict';

const { WebSocketServer, WebSocket } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
const room = new Set();

server.on('listening', () => {
  process.stdout.write(`${JSON.stringify([`127.0.0.1:${server.address().port}`])}\n`);
});
server.on('connection', (socket, request) => {
  socket.isAlive = true;
  socket.on('pong', () => {
    socket.isAlive = true;
  });
  socket.on('error', () => {});
  if (request.url === '/publish') {
    socket.on('message', (data) => {
      for (const member of room) {
        if (member.readyState === WebSocket.OPEN) member.send(data, { binary: false });
      }
    });
    return;
  }
  room.add(socket);
  socket.on('message', () => {});
  socket.on('close', () => room.delete(socket));
});
setInterval(() => {
  for (const socket of room) {
    if (!socket.isAlive) {
      socket.terminate();
      continue;
    }
    socket.isAlive = false;
    socket.ping();
  }
}, 20_000);

// Ends this process once the benchmark that started it is gone, however it went.
process.stdin.on('end', () => process.exit(0)).resume();
