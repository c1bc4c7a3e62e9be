'use client';

import { EverlinkClient } from 'everlink';
import { EverlinkProvider, useChannel, useConnection } from 'everlink/react';
import { useEffect, useRef, useState } from 'react';

export function Live({ url, children }) {
  const [client] = useState(() => new EverlinkClient(url));
  return (
    <EverlinkProvider client={client}>
      {children}
      <Room client={client} />
    </EverlinkProvider>
  );
}

function Room({ client }) {
  const [room] = useState(() => `room-${Math.random().toString(36).slice(2)}`);
  const { messages, send } = useChannel(client, room, { from: 'beginning' });
  const isConnected = useConnection((snapshot) => snapshot.isConnected, client);
  const isSent = useRef(false);
  useEffect(() => {
    client.connect().catch((error) => tell(String(error)));
  }, [client]);
  useEffect(() => {
    if (!isConnected || isSent.current) return;
    isSent.current = true;
    send(42);
  }, [isConnected, send]);
  const stored = messages.find(({ status }) => status === 'stored');
  useEffect(() => {
    if (stored !== undefined) tell(`acked at ${stored.offset}, shown: ${stored.payload}`);
  }, [stored]);
  return <p suppressHydrationWarning>{messages.length}</p>;
}

function tell(said) {
  const address = new URLSearchParams(location.search).get('tell');
  if (address !== null) fetch(address, { method: 'POST', body: said, mode: 'no-cors' });
}
