/** `everlink serve`, behind a relay that can close a WebSocket cleanly; a second client writes down what the log holds. */

import { WebSocket, WebSocketServer } from 'ws';
import { EverlinkClient } from '../../../dist/index.js';
import { start } from '../../consumers/lib/processes.mjs';
import { command } from '../processes.mjs';

export async function serve() {
  // As it serves others: for whoever tries it on one machine it asks four times as often.
  const heartbeat = ['--heartbeat-interval', '20s', '--heartbeat-timeout', '10s'];
  const place = ['serve', '--memory', '--listen', '127.0.0.1:0', '--drain-window', '0s', '--json'];
  const parameters = [...place, ...heartbeat];
  const { found, stop } = await start(command(), parameters, /"urls":\["([^"]+)"/);
  const relay = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: ([first]) => first });
  await new Promise((resolve) => relay.once('listening', resolve));
  relay.on('connection', (socket) => join(socket, new WebSocket(found[1], socket.protocol)));
  const received = [];
  const reader = new EverlinkClient(found[1], {
    platform: { openSocket: (url, names) => new WebSocket(url, names) },
  });
  await reader.connect();
  reader.channel('room', { from: 'beginning' }).onItem((item) => {
    if (item.type === 'message') received.push(item.payload);
  });
  return {
    port: relay.address().port,
    path: '/ws',
    received,
    closeCleanly: () => relay.clients.forEach((socket) => void socket.close(1000)),
    publish: (text) => void reader.publish('room', text),
    async stop() {
      await reader.close();
      for (const socket of relay.clients) socket.terminate();
      await new Promise((resolve) => relay.close(resolve));
      await stop();
    },
  };
}

function join(near, far) {
  const waiting = [];
  near.on('message', (data) =>
    far.readyState === far.OPEN ? far.send(String(data)) : waiting.push(String(data)),
  );
  far.on('open', () => waiting.splice(0).forEach((text) => void far.send(text)));
  far.on('message', (data) => near.send(String(data)));
  near.on('close', () => far.terminate());
  far.on('close', () => near.terminate());
  for (const socket of [near, far]) socket.on('error', () => undefined);
}
