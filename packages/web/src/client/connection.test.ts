/** The life of a connection: dialing, losing, coming back, ending. */

import { describe, expect, it } from 'vitest';
import type { ConnectionSnapshot } from '../api.js';
import { ConfigError, ConnectionFailure, EngineFault } from '../index.js';
import { ScriptedServer, settled, virtualPlatform } from '../testing.js';
import { back, connect, events, makeClient, setup, URL_V1 } from './test-setup.js';

describe('connecting', () => {
  it('nothing happens before connect()', async () => {
    const { platform, client } = setup();
    client.channel('room');
    await platform.advance(60_000);
    expect(platform.network.dialCount).toBe(0);
    expect(platform.time.timerCount).toBe(0);
    expect(platform.listenerCount).toBe(0);
    expect(client.state).toBe('closed');
  });

  it('req_x08_tells each step', async () => {
    const all = setup();
    const { platform, client } = all;
    const steps = events(client, 'statechange');
    await connect(all);
    platform.network.cut();
    await back(all);
    expect(steps.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'closed connecting',
      'connecting connected',
      'connected disconnected',
      'disconnected reconnecting',
      'reconnecting connected',
    ]);
  });

  it('connect() rejects with the reason of its signal, and the connection goes on', async () => {
    const { platform, client } = setup();
    const abort = new AbortController();
    const connected = client.connect({ signal: abort.signal });
    abort.abort('enough');
    await expect(connected).rejects.toBe('enough');
    await platform.until(() => client.state === 'connected');
  });

  it('connect() rejects when it gave up', async () => {
    const { platform, client, server } = setup({ settings: { attemptsMax: 2 } });
    server.stop();
    const connected = client.connect();
    const outcome = connected.catch((error: unknown) => error);
    await platform.until(() => client.state === 'error');
    const error = await outcome;
    expect(error).toBeInstanceOf(ConnectionFailure);
    expect(error).toMatchObject({ kind: 'gave_up', retrying: false, cause: 'unreachable' });
  });

  it('req_x06_reconnect() leaves the state error at once', async () => {
    const all = setup({ settings: { attemptsMax: 1 } });
    const { platform, client, server } = all;
    server.stop();
    client.reconnect();
    await platform.until(() => client.state === 'error');
    server.start();
    client.reconnect();
    await back(all, 100);
    expect(client.getSnapshot()).toMatchObject({ attempts: 1, lastError: undefined });
  });

  it.each([
    ['ftp://a/', {}, 'url'],
    ['ws://', {}, 'url'],
    [URL_V1, { dialect: 'exchange' as never }, 'dialect'],
    [URL_V1, { profile: 'chatBot' as const }, 'dialect'],
    [URL_V1, { settings: { heartbeat: 'protocol' as const } }, 'heartbeat'],
    [URL_V1, { settings: { backoffMinMs: -1 } }, 'backoffMinMs'],
    [URL_V1, { dialect: 'plain' as const, outbox: {} as never }, 'outbox'],
  ])('an option that cannot be used is named: %s %j', (url, options, key) => {
    let error: unknown;
    try {
      makeClient(virtualPlatform(), options, url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).key).toBe(key);
    expect((error as ConfigError).message).toMatch(/accepted|range|to /);
  });

  it('further URLs are tried in turn', async () => {
    const platform = virtualPlatform();
    const other = new ScriptedServer(platform, 'ws://b.test/');
    const client = makeClient(
      platform,
      { urls: ['ws://b.test/'], dialect: 'plain' },
      'ws://a.test/?secret=1',
    );
    void client.connect().catch(() => undefined);
    await platform.until(() => client.state === 'connected');
    expect(other.openCount).toBe(1);
    expect(client.getSnapshot().url).toBe('ws://b.test/');
  });
});

describe('closing', () => {
  it('req_x05_fault_55_close() during a dial leaves nothing, and nothing opens afterwards', async () => {
    const { platform, client, server } = setup();
    const connected = client.connect().catch((error: Error) => error.message);
    const closed = client.close();
    await platform.advance(60_000);
    await closed;
    expect(await connected).toContain('closed');
    expect(server.openConnections).toEqual([]);
    expect(platform.network.socketCount).toBe(0);
    expect(platform.time.timerCount).toBe(0);
    expect(platform.listenerCount).toBe(0);
  });

  it('req_x05_fault_55_close() while credentials are fetched or a delay runs opens nothing', async () => {
    let answer: (value: undefined) => void = () => undefined;
    const { platform, client } = setup({
      credentials: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    void client.connect().catch(() => undefined);
    await settled();
    void client.close();
    answer(undefined);
    await platform.advance(60_000);
    expect(platform.network.dialCount).toBe(0);
    expect(platform.time.timerCount).toBe(0);
  });

  it('says bye, and resolves once the socket is gone', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    let isClosed = false;
    void client.close().then(() => {
      isClosed = true;
    });
    await settled();
    expect(isClosed).toBe(false);
    await platform.until(() => isClosed);
    expect(server.connections[0]?.said.at(-1)).toEqual({ type: 'bye' });
    expect(platform.network.socketCount).toBe(0);
    expect(platform.time.timerCount).toBe(0);
    expect(client.state).toBe('closed');
  });

  it('fault_19_a close frame that nobody answers holds nothing up for longer than closeTimeoutMs', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    platform.network.halfOpen();
    let isClosed = false;
    void client.close().then(() => {
      isClosed = true;
    });
    await platform.advance(1100);
    expect(isClosed).toBe(true);
  });

  it('can be connected again', async () => {
    const all = setup();
    const { client, server, platform } = all;
    await connect(all);
    const closed = client.close();
    await platform.advance(2000);
    await closed;
    await connect(all);
    client.publish('room', 'again');
    await platform.until(() => server.payloads('room').length === 1);
  });
});

describe('coming back', () => {
  it('fault_18_a clean close with 1000 and no bye is a loss', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.connections[0]?.close(1000);
    await platform.until(() => client.state !== 'connected');
    await back(all, 5000);
  });

  it('a bye of the server ends it', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.connections[0]?.send({ type: 'bye' });
    await platform.advance(120_000);
    expect(['closed', 'error']).toContain(client.state);
    expect(platform.network.dialCount).toBe(1);
  });

  it('fault_17_a server that accepts and drops at once is dialed at most 10 times in 2 minutes', async () => {
    const all = setup();
    const { platform, server, client } = all;
    void client.connect().catch(() => undefined);
    const end = platform.now() + 120_000;
    while (platform.now() < end) {
      await platform.advance(20);
      for (const connection of server.openConnections) connection.close(1011);
    }
    expect(server.connections.length).toBeLessThanOrEqual(11);
    expect(server.connections.length).toBeGreaterThan(2);
    expect(client.getSnapshot().attempts).toBeGreaterThan(2);
  });

  it('fault_13_a server that chooses no subprotocol is never greeted', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, URL_V1);
    const client = makeClient(platform);
    const connected = client.connect().catch((error: unknown) => error);
    await platform.until(() => client.state === 'error');
    expect(await connected).toMatchObject({ cause: 'subprotocolMismatch' });
    await platform.advance(100);
    expect(server.connections[0]?.received).toEqual([]);
    expect(platform.network.socketCount).toBe(0);
  });

  it('fault_14_fault_15_a greeting without an answer is a failed attempt after 5 s, and the same producer greets again', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, URL_V1, { protocol: ([first = '']) => first });
    const client = makeClient(platform);
    const failed = events(client, 'attemptfailed');
    void client.connect().catch(() => undefined);
    const first = (await (await server.next()).receiveJson()) as Record<string, unknown>;
    const before = platform.now();
    await platform.until(() => failed.length === 1);
    expect(platform.now() - before).toBeLessThanOrEqual(5000);
    expect(failed[0]?.error).toMatchObject({ cause: 'greetingTimedOut', kind: 'connection_error' });
    const second = (await (await server.next()).receiveJson()) as Record<string, unknown>;
    expect(second).toEqual(first);
    expect(server.openCount).toBe(1);
  });

  it('fault_39_three times what is no frame ends in giving up, and the codes are those that a page may say', async () => {
    const all = setup();
    const { platform, server, client } = all;
    const errors = events(client, 'error');
    void client.connect().catch(() => undefined);
    const seen = new Set<unknown>();
    await platform.until(() => {
      for (const connection of server.openConnections) {
        if (connection.said.length > 0 && !seen.has(connection)) {
          seen.add(connection);
          connection.sendRaw('{"t":"pong"');
        }
      }
      return client.state === 'error';
    });
    expect(seen.size).toBe(3);
    expect(errors.map(({ where }) => where)).toEqual(['frame', 'frame', 'frame']);
    expect(client.getSnapshot().lastError).toMatchObject({ cause: 'peerDataInvalid', kind: 'gave_up' });
  });

  it('fault_38_a frame above the limit ends the transport', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    const lost = events(client, 'disconnected');
    server.connections[0]?.sendRaw(`{"t":"bye","pad":"${'x'.repeat(16 * 1024 * 1024)}"}`);
    await platform.until(() => lost.length === 1);
    expect(lost[0]?.error.cause).toBe('peerMessageTooBig');
  });

  it('req_m11_an error says what it means for a user', async () => {
    const all = setup();
    const { platform, server, client } = all;
    await connect(all);
    server.connections[0]?.send({
      type: 'err',
      code: 1013,
      fatal: true,
      retryMs: 3000,
      why: 'too many clients',
    });
    server.connections[0]?.close(1013);
    await platform.until(() => client.state !== 'connected');
    await settled();
    expect(client.getSnapshot().lastError).toMatchObject({
      kind: 'server_error',
      message: 'The server refused: too many clients',
      code: 1013,
      retrying: true,
    });
    await back(all);
    expect(client.getSnapshot().lastError).toBeUndefined();
  });

  it('req_x07_says how the connection is', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    await platform.advance(65_000);
    platform.network.cut();
    await platform.until(() => client.state === 'connected');
    await platform.advance(21_000);
    expect(client.info()).toMatchObject({
      state: 'connected',
      reconnects: 1,
      dials: 2,
      queuedMessages: 0,
      quality: 'excellent',
    });
    expect(client.info().connectedForMs).toBeGreaterThanOrEqual(20_999);
    expect(client.info().uptimeMs).toBeGreaterThan(65_000);
  });
});

describe('snapshots', () => {
  it('is the same object until something in it changed; messages change nothing', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    client.channel('room').onItem(() => undefined);
    await platform.advance(100);
    const told: ConnectionSnapshot[] = [];
    client.subscribe(() => void told.push(client.getSnapshot()));
    const before = client.getSnapshot();
    for (let at = 0; at < 50; at += 1) server.publish('room', at);
    await platform.advance(500);
    expect(client.info().messagesReceived).toBe(50);
    expect(client.getSnapshot()).toBe(before);
    expect(told).toEqual([]);
    platform.network.cut();
    await settled();
    expect(told.length).toBe(1);
    expect(told[0]).toBe(client.getSnapshot());
    expect(told[0]).toMatchObject({ isConnected: false, isReconnecting: true });
    expect(Object.isFrozen(told[0])).toBe(true);
  });

  it('says when the next attempt is made, and since when it stands', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const { connectedSince } = client.getSnapshot();
    expect(connectedSince).toBeCloseTo(platform.wallClock(), -2);
    server.stop();
    await platform.until(() => client.getSnapshot().nextAttemptAt !== undefined);
    const { nextAttemptAt } = client.getSnapshot();
    const dials = platform.network.dialCount;
    expect(nextAttemptAt).toBeGreaterThanOrEqual(platform.wallClock());
    await platform.until(() => platform.network.dialCount > dials);
    expect(Math.abs(platform.wallClock() - (nextAttemptAt as number))).toBeLessThan(5);
  });

  it('counts what waits, and tells it', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    client.publish('room', 1);
    client.publish('room', 2);
    expect(client.getSnapshot().queuedMessages).toBe(2);
    server.start();
    await back(all);
    await platform.advance(1000);
    expect(client.getSnapshot().queuedMessages).toBe(0);
  });

  it('a listener that throws, or that stops listening, harms nobody', async () => {
    const all = setup();
    const { platform, client } = all;
    const errors = events(client, 'error');
    let calls = 0;
    client.subscribe(() => {
      throw new Error('mine');
    });
    const stop = client.subscribe(() => {
      calls += 1;
    });
    await connect(all);
    await platform.advance(100);
    const before = calls;
    expect(before).toBeGreaterThan(0);
    expect(errors.length).toBeGreaterThan(0);
    stop();
    platform.network.cut();
    await settled();
    expect(calls).toBe(before);
  });
});

describe('an engine that breaks', () => {
  it('is told as an error, and leaves no socket, timer or promise behind', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    const errors = events(client, 'error');
    const ticket = client.publish('room', 1);
    const channel = client.channel('room')[Symbol.asyncIterator]();
    const next = channel.next();
    const { engine } = (client as unknown as { core: { parts: { engine: { handleInput(): void } } } }).core
      .parts;
    engine.handleInput = () => {
      throw new EngineFault('unreachable');
    };
    const connected = client.connect().catch((error: unknown) => error);
    expect(await connected).toBeInstanceOf(Error);
    expect(client.state).toBe('error');
    expect(errors).toMatchObject([{ where: 'engine' }]);
    expect(await ticket.settled).toMatchObject({ status: 'dropped', reason: 'closed' });
    expect((await next).done).toBe(true);
    expect(client.publish('room', 2).status).toBe('dropped');
    expect(client.channel('room').volatile('typing', true)).toBe(false);
    expect([platform.time.timerCount, platform.network.socketCount, platform.listenerCount]).toEqual([
      0, 0, 0,
    ]);
    expect(client.getSnapshot().state).toBe('error');
  });
});
