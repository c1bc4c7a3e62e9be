/** Uses each entry as an application would; only the compiler reads it. */
import {
  type ConnectionSnapshot,
  EverlinkClient,
  EverlinkSocket,
  indexedDbOutbox,
  type Ticket,
} from 'everlink';
import { ChatWebSocketManager } from 'everlink/chat';
import { MessengerClient } from 'everlink/messenger';
import { EverlinkClient as PlainClient } from 'everlink/no-wasm';
import { ConnectionBanner, EverlinkProvider, useChannel, useConnection } from 'everlink/react';
import * as rooms from 'everlink/rooms';
import { EverlinkServer, virtualPlatform } from 'everlink/testing';

const client = new EverlinkClient('wss://example.com/ws', {
  outbox: indexedDbOutbox('app'),
  settings: { backoffMaxMs: 10_000, attemptsMax: false },
});
const ticket: Ticket = client.publish('lobby', { text: 'hello' });
const snapshot: ConnectionSnapshot = client.getSnapshot();
const socket: Pick<WebSocket, 'send' | 'close' | 'readyState'> = new EverlinkSocket('wss://example.com/ws');
// What one build makes fits the other.
const either: EverlinkClient = new PlainClient('wss://example.com/ws');

// @ts-expect-error a setting that is none
new EverlinkClient('wss://example.com/ws', { settings: { backoffMax: 10_000 } });
// @ts-expect-error a function is no payload
client.publish('lobby', () => 1);

function Lobby() {
  const { isConnected } = useConnection(undefined, client);
  const lobby = useChannel(client, 'lobby');
  return <p>{isConnected ? lobby.messages.length : snapshot.state}</p>;
}

export const page = (
  <EverlinkProvider client={client}>
    <ConnectionBanner />
    <Lobby />
  </EverlinkProvider>
);
export {
  ChatWebSocketManager,
  EverlinkServer,
  either,
  MessengerClient,
  rooms,
  socket,
  ticket,
  virtualPlatform,
};
