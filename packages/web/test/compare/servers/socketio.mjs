/** The server of Socket.IO, with its defaults. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

export async function serve() {
  const received = [];
  const http = createServer();
  const io = new Server(http);
  io.on('connection', (socket) => socket.on('message', (text) => received.push(text)));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    port: http.address().port,
    path: '/',
    received,
    // Underneath Socket.IO: what a proxy or a server that goes does.
    closeCleanly() {
      for (const { transport } of Object.values(io.engine.clients)) transport.close();
    },
    publish: (text) => void io.emit('message', text),
    async stop() {
      io.disconnectSockets(true);
      await io.close();
    },
  };
}
