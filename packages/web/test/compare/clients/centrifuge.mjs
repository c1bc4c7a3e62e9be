import { Centrifuge } from 'centrifuge';

export function connect(url, { opened, lost, came, dropped }) {
  const centrifuge = new Centrifuge(url);
  const subscription = centrifuge.newSubscription('room');
  let isOpen = false;
  subscription.on('subscribed', () => {
    isOpen = true;
    opened();
  });
  centrifuge.on('connecting', () => {
    if (isOpen) lost();
    isOpen = false;
  });
  subscription.on('publication', ({ data }) => came(data));
  subscription.subscribe();
  centrifuge.connect();
  return { send: (text) => subscription.publish(text).catch(() => dropped()) };
}
