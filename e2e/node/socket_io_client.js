// The official client of Socket.IO, told by JSON lines on standard input what to do; what it hears goes to standard
// output, a line each. `e2e/servers/socket_io_client.py` speaks the same lines.
'use strict';

const { createInterface } = require('node:readline');
const { io } = require('socket.io-client');

const sockets = new Map();

function say(socket, event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ socket, event, ...fields })}\n`);
}

/** Bytes cross the lines as `{"$bytes": base64}`. */
function told(value) {
  if (Array.isArray(value)) return value.map(told);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$bytes === 'string') return Buffer.from(value.$bytes, 'base64');
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, told(part)]));
}

function shown(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(shown);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)]));
}

const verbs = {
  open({ socket: name, url, auth, path, transports }) {
    const settings = { auth, path, transports, reconnectionDelay: 50, reconnectionDelayMax: 300 };
    // What is not given has the library's default.
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    const socket = io(url, { forceNew: true, ...Object.fromEntries(given) });
    sockets.set(name, socket);
    const transport = () => socket.io.engine?.transport.name;
    socket.on('connect', () => {
      say(name, 'connected', { id: socket.id, recovered: socket.recovered, transport: transport() });
    });
    socket.io.on('open', () => {
      socket.io.engine.once('upgrade', () => say(name, 'upgraded', { transport: transport() }));
    });
    socket.on('disconnect', (reason) => say(name, 'disconnected', { reason, returns: socket.active }));
    socket.on('connect_error', ({ message, data }) =>
      say(name, 'refused', { message, data, returns: socket.active }),
    );
    socket.onAny((event, ...args) => say(name, 'heard', { name: event, args: shown(args) }));
  },

  emit({ socket: name, name: event, args, ack, within_ms }) {
    const socket = sockets.get(name);
    if (ack === undefined) {
      socket.emit(event, ...told(args));
      return;
    }
    socket.timeout(within_ms).emit(event, ...told(args), (error, ...answers) => {
      say(name, 'acked', { ack, error: error ? String(error.message) : null, args: shown(answers) });
    });
  },

  /** Says numbered messages to a room in turn, each again until it is acknowledged. */
  async publish({ socket: name, room, author, from, to, within_ms }) {
    const socket = sockets.get(name);
    for (let number = from; number <= to; number += 1) {
      const message = { room, id: `${author}-${number}`, text: `${author} ${number}` };
      for (;;) {
        try {
          await socket.timeout(within_ms).emitWithAck('message', message);
          break;
        } catch {
          // It may be stored all the same: its name keeps it from being stored twice.
        }
      }
    }
    say(name, 'published', { to });
  },

  /** Stays in a room: joins it where it was whenever the server does not know the socket any more. */
  follow({ socket: name, room }) {
    const socket = sockets.get(name);
    let [last, isJoined] = [0, false];
    socket.on('message', (message) => {
      if (message.conversation_id === room) last = message.sequence_number;
    });
    const join = () => {
      if (socket.recovered && isJoined) return;
      isJoined = false;
      socket.emit('join', { room, after: last }, () => {
        isJoined = true;
      });
    };
    socket.on('connect', join);
    if (socket.connected) join();
  },

  /** Takes the place of another socket of this program, as a copied tab does. */
  copy({ socket: name, of }) {
    const [socket, original] = [sockets.get(name), sockets.get(of)];
    socket.disconnect();
    Object.assign(socket, { _pid: original._pid, _lastOffset: original._lastOffset });
    socket.connect();
  },

  /** Lets go of the transport without a word of Socket.IO. */
  drop({ socket: name }) {
    sockets.get(name).io.engine.close();
  },

  connect({ socket: name }) {
    sockets.get(name).connect();
  },

  disconnect({ socket: name }) {
    sockets.get(name).disconnect();
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line);
    verbs[command.do](command);
  })
  // The test that started this program is gone, however it went.
  .on('close', () => process.exit(0));
