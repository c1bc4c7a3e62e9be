/** A server of plain messages, as most are that `new WebSocket` connects to. */
import { WebSocketServer } from 'ws';

export async function serve() {
  const received = [];
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => sockets.once('listening', resolve));
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => received.push(String(data)));
    socket.on('error', () => undefined);
  });
  return {
    port: sockets.address().port,
    path: '/',
    received,
    closeCleanly: () => sockets.clients.forEach((socket) => void socket.close(1000)),
    publish: (text) => sockets.clients.forEach((socket) => void socket.send(text)),
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}
