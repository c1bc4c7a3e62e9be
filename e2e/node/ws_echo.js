// The echo server on npm's `ws`. It says and records what servers/conversation.py does.
'use strict';

const { parseArgs } = require('node:util');
const { WebSocketServer, WebSocket } = require('ws');

const { values: options } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'push-every': { type: 'string' },
  },
});

function record(event, fields) {
  const line = { event, at_ms: Math.floor(process.uptime() * 1000), ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function requestIn(text) {
  try {
    const request = JSON.parse(text);
    return request !== null && typeof request === 'object' ? request : {};
  } catch {
    return {};
  }
}

function answer(connection, data, isBinary) {
  const text = isBinary ? null : data.toString();
  const request = isBinary ? {} : requestIn(text);
  if (request.type === 'ping') {
    record('ping', { connection });
    return JSON.stringify({ type: 'pong' });
  }
  const word = String(request.op ?? request.method ?? '').toLowerCase();
  if (word === 'subscribe' || word === 'unsubscribe') {
    record(word, { connection, request });
    return JSON.stringify({ result: null, id: request.id ?? null });
  }
  record('message', { connection, text, bytes: data.length });
  return isBinary ? data : text;
}

let connections = 0;
const server = new WebSocketServer({ host: options.host, port: Number(options.port) });
server.on('listening', () => record('listening', { port: server.address().port }));
server.on('connection', (socket, request) => {
  const connection = ++connections;
  record('open', { connection, path: request.url });
  socket.on('message', (data, isBinary) => socket.send(answer(connection, data, isBinary)));
  socket.on('close', (code) => record('close', { connection, code }));
  // `ws` reports broken frames here and closes the connection itself.
  socket.on('error', () => {});
});

if (options['push-every']) {
  let n = 0;
  setInterval(() => {
    n += 1;
    for (const socket of server.clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'tick', n }));
    }
  }, Number(options['push-every']));
}

// Ends this process once the test that started it is gone, however it went.
process.stdin.on('end', () => process.exit(0)).resume();
