/** What becomes of messages. */

import { describe, expect, it } from 'vitest';
import type { Settlement, TicketStatus } from '../api.js';
import { ConfigError } from '../index.js';
import { ScriptedServer, settled, virtualPlatform } from '../testing.js';
import { back, connect, events, makeClient, setup } from './test-setup.js';

describe('tickets', () => {
  it('go forward: queued, sent, acked', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    const ticket = client.publish('room', 1);
    const seen: TicketStatus[] = [ticket.status];
    ticket.onChange(({ status }) => void seen.push(status));
    server.start();
    await back(all);
    await platform.until(() => ticket.status === 'acked');
    expect(seen).toEqual(['queued', 'sent', 'acked']);
    expect(await ticket.settled).toEqual({ status: 'acked', offset: 1 });
    await ticket.stored;
  });

  it('req_m05_the oldest makes room when that is asked for, and the drop is told', async () => {
    const all = setup({ settings: { queueMessagesMax: 2 } });
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    const drops = events(client, 'dropped');
    const tickets = [1, 2, 3].map((value) => client.publish('room', value, { policy: 'dropOldest' }));
    expect(tickets.map(({ status }) => status)).toEqual(['dropped', 'queued', 'queued']);
    expect(drops).toEqual([{ ticket: tickets[0], reason: 'dropped_oldest' }]);
    server.start();
    await back(all);
    await platform.until(() => tickets[2]?.status === 'acked');
    expect(server.payloads('room')).toEqual([2, 3]);
  });

  it('fault_37_a full outbox, a message too big, and one by its key', async () => {
    const all = setup({ settings: { queueMessagesMax: 2, messageBytesMax: 100 } });
    const { client, server, platform } = all;
    await connect(all);
    server.stop();
    await settled();
    const outcomes: (Settlement | undefined)[] = [];
    const publish = (value: string, policy?: 'fail' | { coalesce: string }) =>
      client.publish('room', value, policy === undefined ? {} : { policy });
    const cursor = publish('at 1', { coalesce: 'cursor' });
    publish('at 2', { coalesce: 'cursor' });
    outcomes.push(await cursor.settled);
    publish('last that fits');
    outcomes.push(await publish('too much').settled);
    outcomes.push(await publish('too much', 'fail').settled);
    outcomes.push(await publish('x'.repeat(200)).settled);
    expect(outcomes).toMatchObject([
      { reason: 'coalesced' },
      { reason: 'queue_full' },
      { reason: 'queue_full' },
      { reason: 'too_big' },
    ]);
    server.start();
    await back(all);
    await platform.until(() => server.payloads('room').length === 2);
    expect(server.payloads('room')).toEqual(['at 2', 'last that fits']);
  });

  it('a signal withdraws what was never sent, and nothing else; nothing is left to listen to it', async () => {
    const all = setup();
    const { client, server, platform } = all;
    await connect(all);
    const abort = new AbortController();
    const { signal } = abort;
    const acked = client.publish('room', 1, { signal });
    await platform.until(() => acked.status === 'acked');
    server.stop();
    await settled();
    const drops = events(client, 'dropped');
    const waiting = client.publish('room', 2, { signal });
    const kept = client.publish('room', 3);
    abort.abort();
    expect(await waiting.settled).toEqual({ status: 'dropped', reason: 'withdrawn', code: undefined });
    expect(drops).toEqual([{ ticket: waiting, reason: 'withdrawn' }]);
    expect(client.info().queuedMessages).toBe(1);
    expect([acked.status, kept.status]).toEqual(['acked', 'queued']);
    server.start();
    await back(all);
    await platform.until(() => kept.status === 'acked');
    expect(server.payloads('room')).toEqual([1, 3]);
  });

  it('without a queue, before connect(), withdrawn and at close() they are dropped, and say why', async () => {
    const all = setup({ settings: { queue: false } });
    const { client, server, platform } = all;
    const early = client.publish('room', 1);
    expect(await early.settled).toMatchObject({ status: 'dropped', reason: 'closed' });
    await connect(all);
    const aborted = client.publish('room', 1, { signal: AbortSignal.abort() });
    expect(await aborted.settled).toMatchObject({ reason: 'withdrawn' });
    server.stop();
    await settled();
    expect(await client.publish('room', 1).settled).toMatchObject({ reason: 'not_connected' });
    const other = setup();
    await connect(other);
    other.server.stop();
    await settled();
    const cleared = other.client.publish('room', 1);
    void other.client.close();
    await other.platform.advance(2000);
    expect(await cleared.settled).toMatchObject({ reason: 'cleared' });
    await platform.advance(10);
  });

  it('a use that cannot be right throws at once', async () => {
    const { client } = setup();
    expect(() => client.send('x')).toThrow(ConfigError);
    expect(() => client.publish('', 1)).toThrow(ConfigError);
    expect(() => client.publish('x'.repeat(513), 1)).toThrow(ConfigError);
    expect(() => client.publish('room', undefined as never)).toThrow(/accepted/);
    expect(() => client.publish('room', 1, { policy: 'volatile' })).toThrow(ConfigError);
    const deep = JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`) as never;
    expect(() => client.publish('room', deep)).toThrow(/64/);
  });

  it('nothing is kept of what is settled', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    for (let round = 0; round < 20; round += 1) {
      for (let at = 0; at < 50; at += 1) client.publish('room', at);
      await platform.advance(200);
    }
    const { tickets } = (
      client as unknown as { core: { sender: { tickets: { open: Map<number, unknown> } } } }
    ).core.sender;
    expect(tickets.open.size).toBe(0);
    expect(client.info().queuedMessages).toBe(0);
  });
});

describe('dialects without acknowledgements', () => {
  it('req_c02_req_m04_pings are messages in JSON, and silence ends the connection', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, 'ws://chat.test/ws/');
    const client = makeClient(platform, { profile: 'messenger' }, 'ws://chat.test/ws/');
    const messages = events(client, 'message');
    void client.connect().catch(() => undefined);
    const connection = await server.next();
    await platform.until(() => client.state === 'connected');
    for (let beat = 0; beat < 3; beat += 1) {
      expect(await connection.receiveJson(31_000)).toEqual({ type: 'ping' });
      connection.send({ type: 'pong' });
    }
    connection.send({ type: 'ping' });
    expect(await connection.receiveJson(100)).toEqual({ type: 'pong' });
    connection.send({ type: 'message', text: 'hi' });
    await platform.advance(10);
    expect(messages).toEqual([{ data: { type: 'message', text: 'hi' } }]);
    const lost = events(client, 'disconnected');
    expect(await connection.receiveJson(31_000)).toEqual({ type: 'ping' });
    const before = platform.now();
    await platform.until(() => lost.length === 1);
    expect(platform.now() - before).toBeLessThanOrEqual(10_000);
    expect(lost[0]?.error.cause).toBe('heartbeatTimedOut');
  });

  it('texts and bytes go as they are; a ticket says that they went, and a loss says what is in doubt', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, 'ws://plain.test/');
    const client = makeClient(platform, { dialect: 'plain' }, 'ws://plain.test/');
    const doubts = events(client, 'indoubt');
    const received = events(client, 'message');
    void client.connect().catch(() => undefined);
    const connection = await server.next();
    await platform.until(() => client.state === 'connected');
    expect(client.guarantee).toBe('bestEffort');
    const tickets = [client.send('text'), client.send(new Uint8Array([1, 2])), client.send({ a: 1 })];
    await platform.until(() => connection.received.length === 3);
    expect(connection.received).toEqual(['text', new Uint8Array([1, 2]), '{"a":1}']);
    await platform.advance(200);
    expect(await Promise.all(tickets.map(({ settled: outcome }) => outcome))).toEqual([
      { status: 'sent' },
      { status: 'sent' },
      { status: 'sent' },
    ]);
    connection.send('back');
    connection.send(new Uint8Array([3]));
    await platform.advance(10);
    expect(received).toEqual([{ data: 'back' }, { data: new Uint8Array([3]) }]);
    connection.cut();
    await settled();
    expect(doubts).toEqual([{ first: 1, last: 3 }]);
  });

  it('fault_22_writes that pile up end the connection after writeTimeoutMs, and memory is bounded', async () => {
    const platform = virtualPlatform();
    new ScriptedServer(platform, 'ws://plain.test/');
    const client = makeClient(
      platform,
      { dialect: 'plain', settings: { queueMessagesMax: 10 } },
      'ws://plain.test/',
    );
    const lost = events(client, 'disconnected');
    void client.connect().catch(() => undefined);
    await platform.until(() => client.state === 'connected');
    platform.network.bytesPerMs = 0.0001;
    const tickets = Array.from({ length: 20 }, (_, at) => client.send(`message ${at} ${'x'.repeat(1000)}`));
    expect(tickets.filter(({ status }) => status === 'dropped').length).toBe(10);
    const before = platform.now();
    await platform.until(() => lost.length === 1);
    expect(lost[0]?.error.cause).toBe('writeTimedOut');
    expect(platform.now() - before).toBeLessThan(11_000);
  });
});
