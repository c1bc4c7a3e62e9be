import { WebSocket as ReconnectingWebSocket } from 'partysocket';

export function connect(url, { opened, lost, came }) {
  const socket = new ReconnectingWebSocket(url);
  socket.addEventListener('open', opened);
  socket.addEventListener('close', lost);
  socket.addEventListener('message', ({ data }) => came(String(data)));
  return socket;
}
