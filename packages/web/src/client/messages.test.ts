/** Messages, both ways, across whatever happens to connections. */

import { describe, expect, it } from 'vitest';
import type { Payload } from '../api.js';
import { EverlinkServer, virtualPlatform } from '../testing.js';
import { back, collect, connect, events, makeClient, payloads, setup, URL_V1 } from './test-setup.js';

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, at) => from + at);

describe('messages', () => {
  it('req_n01_each arrives once and in order, both ways, across many cuts', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const all = setup(
        { settings: { returnWindowMs: 50, backoffMinMs: 50, dialsPerMinute: false, stableAfterMs: 0 } },
        {},
        seed,
      );
      const { platform, server, client } = all;
      platform.network.latencyMs = 7;
      await connect(all);
      const items = collect(client.channel('room', { from: 'beginning' }));
      for (let at = 1; at <= 300; at += 1) {
        client.publish('room', at);
        server.publish('other', at);
        server.publish('room', `from outside ${at}`);
        if ((platform.random() >>> 8) % 15 === 0) platform.network.cut();
        await platform.advance((platform.random() >>> 8) % 40);
      }
      await back(all);
      await platform.advance(60_000);
      const stored = server.payloads('room');
      expect(stored.filter((value) => typeof value === 'number')).toEqual(numbers(300));
      expect(payloads(items)).toEqual(stored);
      expect(client.getSnapshot().reconnects).toBeGreaterThanOrEqual(4);
      expect(items.filter(({ type }) => type === 'gap')).toEqual([]);
    }
  });

  it('req_n01_fault_27_fault_28_what was stored but not acknowledged is sent again and stored once', async () => {
    const all = setup();
    const { platform, server, client } = all;
    platform.network.latencyMs = 100;
    await connect(all);
    const ticket = client.publish('room', 'once');
    await platform.until(() => server.payloads('room').length === 1);
    // The acknowledgement is under way, and never comes.
    platform.network.cut();
    expect(ticket.status).toBe('sent');
    await back(all);
    await platform.until(() => ticket.status === 'acked');
    expect(server.payloads('room')).toEqual(['once']);
    expect(await ticket.settled).toEqual({ status: 'acked', offset: 1 });
  });

  it.each([
    [true, 1],
    [false, 0],
  ])(
    'fault_20_a half-open connection is replaced within 30 s, and what it swallowed is sent again (probeDials: %s)',
    async (probeDials, moves) => {
      const all = setup({ settings: { probeDials } });
      const { platform, server, client } = all;
      await connect(all);
      const lost = events(client, 'disconnected');
      platform.network.halfOpen();
      client.publish('room', 'swallowed');
      await platform.advance(30_100);
      // With a second connection that is dialed on suspicion nothing is lost that an application could see.
      expect(lost.length).toBe(1 - moves);
      expect(lost.map(({ error }) => [error.cause, error.kind])).toEqual(
        moves === 1 ? [] : [['heartbeatTimedOut', 'connection_lost']],
      );
      await back(all);
      await platform.until(() => server.payloads('room').length === 1);
      expect(server.payloads('room')).toEqual(['swallowed']);
      expect(server.connections.length).toBe(2);
    },
  );

  it('fault_33_a server that lost its logs gets the unacknowledged once, and the reader is told of the gap', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    const before = client.publish('room', 'before');
    await platform.until(() => before.status === 'acked' && payloads(items).length === 1);
    server.stop();
    client.publish('room', 'while away');
    server.start({ forget: true });
    await back(all);
    await platform.until(() => payloads(items).length === 2);
    expect(server.payloads('room')).toEqual(['while away']);
    expect(items.filter(({ type }) => type === 'gap')).toMatchObject([{ cause: 'epoch', from: 1, to: 0 }]);
  });

  it('fault_35_history that expired while away is a gap with its range, then what is left', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    server.publish('room', 1);
    await platform.until(() => payloads(items).length === 1);
    server.stop();
    for (const value of numbers(9, 2)) server.publish('room', value);
    server.log('room').expire(6);
    server.start();
    await platform.until(() => payloads(items).length === 5);
    expect(payloads(items)).toEqual([1, 7, 8, 9, 10]);
    const gap = items.findIndex(({ type }) => type === 'gap');
    expect(items[gap]).toEqual({ type: 'gap', channel: 'room', from: 2, to: 6, cause: 'expired' });
    expect(items[gap + 1]).toMatchObject({ type: 'message', offset: 7 });
  });

  it('fault_29_copies are dropped', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    const message = server.publish('room', 'one');
    await platform.until(() => payloads(items).length === 1);
    for (let copy = 0; copy < 10; copy += 1)
      server.connections[0]?.send({ type: 'message', channel: 'room', ...message });
    await platform.advance(100);
    expect(payloads(items)).toEqual(['one']);
    expect(client.state).toBe('connected');
    expect(client.info().duplicates).toBe(10);
  });

  it('fault_30_a hole is asked for again, never skipped', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    await platform.advance(100);
    const [connection] = server.connections;
    // The first message is stored, but not told.
    connection?.channels.clear();
    server.publish('room', 1);
    connection?.channels.add('room');
    server.publish('room', 2);
    await platform.until(() => payloads(items).length === 2);
    expect(payloads(items)).toEqual([1, 2]);
    expect(connection?.said.filter(({ type }) => type === 'subscribe').length).toBe(2);
  });

  it('fault_31_an acknowledgement above what was sent ends the transport, and the client comes back', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    client.publish('room', 1);
    await platform.advance(100);
    server.connections[0]?.send({ type: 'ack', channel: 'room', sequence: 99, offset: 1 });
    await platform.until(() => server.connections.length === 2);
    await back(all);
    expect(client.getSnapshot().reconnects).toBe(1);
  });

  it('fault_32_a server that restarts with its logs loses nothing', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    for (const value of numbers(5)) client.publish('room', value);
    server.stop();
    for (const value of numbers(5, 6)) client.publish('room', value);
    await platform.advance(5000);
    server.start();
    await platform.until(() => payloads(items).length === 10);
    expect(payloads(items)).toEqual(numbers(10));
  });

  it('bytes and JSON of every kind come as they went', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    const values: Payload[] = [
      null,
      true,
      1.5,
      'ü"\\',
      [1, [2]],
      { a: { b: [] } },
      new Uint8Array([0, 255, 16]),
    ];
    for (const value of values) client.publish('room', value);
    await platform.until(() => payloads(items).length === values.length);
    expect(payloads(items)).toEqual(values);
  });

  it('a value that changes after it was published went as it was', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const value = { text: 'before' };
    const bytes = new Uint8Array([1]);
    client.publish('room', value);
    client.publish('room', bytes);
    value.text = 'after';
    bytes[0] = 2;
    await platform.until(() => server.payloads('room').length === 2);
    expect(server.payloads('room')).toEqual([{ text: 'before' }, new Uint8Array([1])]);
  });

  it('two clients in a channel see each other in the same order, and know what is their own', async () => {
    const platform = virtualPlatform();
    new EverlinkServer(platform, URL_V1, { authenticate: (token) => ({ user: token ?? '' }) });
    const ana = makeClient(platform, { credentials: () => ({ token: 'ana' }) });
    const ben = makeClient(platform, { credentials: () => ({ token: 'ben' }) });
    for (const client of [ana, ben]) await connect({ platform, client });
    const seen = [ana, ben].map((client) => collect(client.channel('room', { from: 'beginning' })));
    ana.publish('room', 'a');
    ben.publish('room', 'b');
    await platform.until(() => seen.every((items) => payloads(items).length === 2));
    const [ofAna = [], ofBen = []] = seen;
    expect(payloads(ofAna)).toEqual(payloads(ofBen));
    const own = (items: typeof ofAna) =>
      payloads(items.filter((item) => item.type === 'message' && item.own));
    expect(own(ofAna)).toEqual(['a']);
    expect(own(ofBen)).toEqual(['b']);
  });
});
