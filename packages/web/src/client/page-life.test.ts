/** Pages that sleep, freeze, hide and change networks. */

import { describe, expect, it } from 'vitest';
import { back, collect, connect, events, payloads, setup } from './test-setup.js';

describe('the life of a page', () => {
  it('fault_43_a page in the back/forward cache has no socket; shown again it has one, and misses nothing', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    server.publish('room', 1);
    await platform.until(() => payloads(items).length === 1);
    platform.signal('pagehide');
    expect(client.state).not.toBe('connected');
    const dials = platform.network.dialCount;
    server.publish('room', 2);
    platform.sleep(3_600_000);
    platform.signal('pageshow');
    expect(platform.network.dialCount).toBe(dials + 1);
    await platform.until(() => payloads(items).length === 2);
    await platform.advance(10_000);
    expect(server.openConnections.length).toBe(1);
    expect(platform.network.socketCount).toBe(1);
    expect(platform.network.dialCount).toBe(dials + 1);
  });

  it.each([
    ['a clock that stands still in sleep', true],
    ['a clock that runs in sleep', false],
  ])('fault_40_8 h of sleep end a dead connection within seconds (%s)', async (_, clockStops) => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    await platform.advance(40_000);
    platform.network.halfOpen();
    platform.sleep(8 * 3_600_000, clockStops);
    const before = platform.now();
    await platform.until(() => server.connections.length === 2 && client.state === 'connected');
    expect(platform.now() - before).toBeLessThan(clockStops ? 10_000 : 5000);
  });

  it('fault_40_a connection that survived the sleep stays', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    const lost = events(client, 'disconnected');
    platform.sleep(8 * 3_600_000);
    platform.signal('resumed');
    await platform.advance(60_000);
    expect(lost).toEqual([]);
    expect(client.state).toBe('connected');
    expect(platform.network.socketCount).toBe(1);
  });

  it.each([3_600_000, -3_600_000])(
    'fault_41_a time of day that jumps by %i ms loses nothing',
    async (byMs) => {
      const all = setup();
      const { platform, client } = all;
      await connect(all);
      await platform.advance(45_000);
      const states = events(client, 'statechange');
      platform.setWallClock(byMs);
      await platform.advance(120_000);
      expect(states).toEqual([]);
      expect(platform.network.socketCount).toBe(1);
    },
  );

  it('fault_42_timers once a minute do not kill a link that is alive', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const lost = events(client, 'disconnected');
    platform.signal('hidden');
    for (let minute = 0; minute < 10; minute += 1) {
      // All timers are late by a minute, and what the server said waits too.
      platform.time.skip(60_000);
      server.connections[0]?.send({ type: 'ping', nonce: minute });
      await platform.advance(50);
    }
    expect(lost).toEqual([]);
    expect(client.state).toBe('connected');
    expect(platform.network.dialCount).toBe(1);
  });

  it('fault_45_online and offline are only words: a probe, at most one in 5 s, and never a kill', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    await platform.advance(1000);
    const lost = events(client, 'disconnected');
    const pings = () => server.connections[0]?.said.filter(({ type }) => type === 'ping').length ?? 0;
    const before = pings();
    for (let at = 0; at < 40; at += 1) {
      platform.signal(at % 2 === 0 ? 'offline' : 'online');
      await platform.advance(250);
    }
    expect(pings() - before).toBeLessThanOrEqual(4);
    expect(lost).toEqual([]);
    expect(platform.network.socketCount).toBe(1);
  });

  it('online ends a delay that runs', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await platform.advance(120_000);
    server.start();
    await platform.until(() => (client.info().nextAttemptMs ?? 0) > 1000);
    platform.signal('online');
    await back(all, 500);
  });

  it('fault_44_after a change of networks the new connection stands before the old one is left', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    await platform.advance(40_000);
    const states = events(client, 'statechange');
    platform.network.halfOpen();
    platform.signal('networkchange');
    client.publish('room', 'on the way');
    await platform.until(() => payloads(items).length === 1, 5000);
    await platform.advance(10_000);
    expect(server.payloads('room')).toEqual(['on the way']);
    expect(states.length).toBeLessThanOrEqual(4);
    expect(client.state).toBe('connected');
  });

  it('a server that goes is left only once its successor is attached', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    const states = events(client, 'statechange');
    const moved = events(client, 'moved');
    server.connections[0]?.send({ type: 'away', reason: 'drain', slotMs: 500 });
    for (let value = 1; value <= 20; value += 1) {
      server.publish('room', value);
      await platform.advance(200);
    }
    expect(moved.length).toBe(1);
    expect(states).toEqual([]);
    expect(payloads(items)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(server.openConnections.length).toBe(1);
  });
});

describe('many reconnects', () => {
  it('fault_56_10,000 reconnects leave timers, listeners, sockets and handles as they were', async () => {
    const all = setup({
      settings: {
        returnWindowMs: 1,
        backoffMinMs: 0,
        dialsPerMinute: false,
        stableAfterMs: 0,
        heartbeatIntervalMs: 100,
      },
    });
    const { platform, client, server } = all;
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    await platform.advance(500);
    const count = () => [platform.time.timerCount, platform.listenerCount, platform.network.socketCount];
    const before = count();
    for (let round = 0; round < 10_000; round += 1) {
      if (round % 100 === 0) client.publish('room', round);
      platform.network.cut();
      client.reconnect();
      await platform.until(() => client.state === 'connected');
      server.connections.splice(0, server.connections.length - 1);
    }
    await platform.advance(500);
    expect(client.getSnapshot().reconnects).toBe(10_000);
    expect(count()).toEqual(before);
    expect(payloads(items)).toEqual(Array.from({ length: 100 }, (_, at) => at * 100));
  }, 60_000);
});
