import { describe, expect, it } from 'vitest';
import { connect, events, setup } from '../client/test-setup.js';
import { EverlinkServer } from '../testing.js';
import { followed } from './elsewhere.js';

describe('where a server sends its clients', () => {
  it.each([
    ['wss://a.example.org/other', ['wss://a.example.org/ws']],
    ['wss://a.example.org:8443/ws', ['ws://a.example.org/ws']],
    ['ws://b.example.org/ws', ['ws://a.example.org/ws', 'ws://b.example.org/ws']],
  ])('%s is followed by a client of %s', (url, urls) => {
    expect(followed(url, urls)).toBe(url);
  });

  it.each([
    ['wss://evil.example.org/ws', 'of another host'],
    ['wss://a.example.org.evil.org/ws', 'of another host'],
    ['ws://a.example.org/ws', 'not encrypted'],
    ['https://a.example.org/ws', 'accepted: a URL with ws: or wss:'],
    ['nonsense', 'accepted: a URL with ws: or wss:'],
  ])('%s is not followed', (url, why) => {
    expect(() => followed(url, ['wss://a.example.org/ws'])).toThrow(why);
  });

  it('req_n05_a_client_moves_to_the_place_that_is_named_and_doubles_nothing', async () => {
    const made = setup();
    const { platform, server, client } = made;
    const elsewhere = 'ws://server.test/elsewhere';
    const other = new EverlinkServer(platform, elsewhere);
    const told = events(client, 'disconnected');
    await connect(made);
    server.connections[0]?.send({ type: 'away', reason: 'drain', slotMs: 100, url: elsewhere });
    await platform.until(() => other.openConnections.length === 1 && server.openConnections.length === 0);
    expect(client.state).toBe('connected');
    expect(told).toEqual([]);
  });

  it('a place that is not followed is told, and the client comes back to its own', async () => {
    const made = setup();
    const { platform, server, client } = made;
    const errors = events(client, 'error');
    await connect(made);
    const url = 'ws://evil.test/ws';
    const evil = new EverlinkServer(platform, url);
    server.connections[0]?.send({ type: 'away', reason: 'drain', slotMs: 100, url });
    await platform.until(() => server.connections.length === 2 && client.state === 'connected');
    expect(errors).toMatchObject([{ where: 'away' }]);
    expect(evil.connections).toEqual([]);
  });
});
