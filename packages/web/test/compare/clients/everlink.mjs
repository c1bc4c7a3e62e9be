import { EverlinkClient } from '../../../dist/index.js';

export function connect(url, { opened, lost, came, dropped }) {
  const client = new EverlinkClient(url);
  client.addEventListener('connected', opened);
  client.addEventListener('reconnected', opened);
  client.addEventListener('disconnected', lost);
  client.addEventListener('dropped', () => dropped());
  client.channel('room').onItem((item) => {
    if (item.type === 'message') came(item.payload);
  });
  client.connect().catch(() => undefined);
  return { send: (text) => void client.publish('room', text) };
}
