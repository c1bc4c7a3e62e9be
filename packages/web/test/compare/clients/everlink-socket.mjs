import { EverlinkSocket } from '../../../dist/index.js';

export function connect(url, { opened, lost, came, dropped }) {
  const socket = new EverlinkSocket(url);
  socket.addEventListener('open', opened);
  socket.client.addEventListener('disconnected', lost);
  socket.client.addEventListener('dropped', () => dropped());
  // Messages that the server may not have.
  socket.client.addEventListener('indoubt', ({ detail }) => dropped(detail.last - detail.first + 1));
  socket.addEventListener('message', ({ data }) => came(String(data)));
  return socket;
}
