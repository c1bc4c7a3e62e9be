import { io } from 'socket.io-client';

export function connect(url, { opened, lost, came }) {
  const socket = io(url.replace(/^ws/, 'http'));
  socket.on('connect', opened);
  socket.on('disconnect', lost);
  socket.on('message', came);
  return { send: (text) => void socket.emit('message', text) };
}
