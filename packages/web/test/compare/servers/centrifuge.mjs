/**
 * The server's half of Centrifugo's JSON protocol, as far as this comparison goes: connect, subscribe with history and
 * recovery, publish, ping. https://centrifugal.dev/docs/transports/client_protocol
 */
import { WebSocketServer } from 'ws';

const PING_S = 25;
const EPOCH = 'life';

export async function serve() {
  const received = [];
  const history = [];
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => sockets.once('listening', resolve));
  const append = (data) => {
    const publication = { data, offset: history.length + 1 };
    history.push(publication);
    const push = JSON.stringify({ push: { channel: 'room', pub: publication } });
    for (const socket of sockets.clients) if (socket.isSubscribed) socket.send(push);
  };
  const answer = (socket, { connect, subscribe, publish }) => {
    if (connect) return { connect: { client: 'client', version: 'scripted', ping: PING_S, pong: true } };
    if (subscribe) {
      socket.isSubscribed = true;
      const { recover, offset = 0 } = subscribe;
      const missed = recover ? history.slice(offset) : [];
      const place = { recoverable: true, positioned: true, epoch: EPOCH, offset: history.length };
      return {
        subscribe: {
          ...place,
          publications: missed,
          recovered: Boolean(recover),
          was_recovering: Boolean(recover),
        },
      };
    }
    if (!publish) return {};
    received.push(publish.data);
    append(publish.data);
    return { publish: {} };
  };
  sockets.on('connection', (socket) => {
    const pings = setInterval(() => socket.send('{}'), PING_S * 1000);
    socket.on('close', () => clearInterval(pings));
    socket.on('error', () => undefined);
    socket.on('message', (lines) => {
      for (const line of String(lines).split('\n')) {
        const command = JSON.parse(line);
        if (command.id) socket.send(JSON.stringify({ id: command.id, ...answer(socket, command) }));
      }
    });
  });
  return {
    port: sockets.address().port,
    path: '/connection/websocket',
    received,
    closeCleanly: () => sockets.clients.forEach((socket) => void socket.close(1000)),
    publish: append,
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}
