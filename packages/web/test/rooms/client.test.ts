import { describe, expect, it } from 'vitest';
import {
  ReconnectionManager,
  type ReconnectionOptions,
  RoomsClient,
  type RoomsOptions,
} from '../../src/rooms/index.js';
import { BATCH_MAX } from '../../src/rooms/room.js';
import { EverlinkServer } from '../../src/testing/everlink-server.js';
import { virtualPlatform } from '../../src/testing/virtual-platform.js';
import { Lines } from '../support/lines.js';

const URL_ = 'ws://host/ws';

function stage(options: Partial<RoomsOptions> = {}) {
  const platform = virtualPlatform();
  const server = new EverlinkServer(platform, URL_);
  const lines = new Lines();
  const rooms = new RoomsClient({ url: URL_, platform, logger: lines, ...options });
  const texts: unknown[] = [];
  rooms.on('message', ({ text }) => texts.push(text));
  const connected = () => platform.until(() => rooms.getSnapshot().isConnected);
  /** The server is away while `meanwhile` happens, and comes back. */
  const outage = async (meanwhile: () => void) => {
    server.stop();
    await platform.until(() => !rooms.getSnapshot().isConnected);
    meanwhile();
    server.start();
    await connected();
  };
  /** What was said to the server beside the log. */
  const volatiles = () =>
    server.connections.flatMap(({ said }) =>
      said.flatMap((frame) => (frame.type === 'volatile' ? [frame] : [])),
    );
  return { platform, server, rooms, texts, lines, connected, outage, volatiles };
}

describe('RoomsClient', () => {
  it('req_r06_rooms_are_rejoined_and_missed_messages_delivered_after_every_reconnect', async () => {
    const { platform, server, rooms, texts, connected, outage } = stage();
    rooms.joinRoom('general-chat');
    rooms.joinRoom('support-chat');
    rooms.joinRoom('general-chat');
    await connected();
    const expected: string[] = [];
    const publish = (room: string, text: string) => {
      expected.push(text);
      server.publish(room, { plaintext: text });
    };
    for (let number = 1; number <= 4; number += 1) {
      await outage(() => publish('general-chat', `missed ${number}`));
      publish('support-chat', `live ${number}`);
      await platform.until(() => texts.length === expected.length);
    }
    expect(texts).toEqual(expected);
    expect(rooms.rooms).toEqual(['general-chat', 'support-chat']);
    rooms.leaveRoom('general-chat');
    expect(rooms.rooms).toEqual(['support-chat']);
    server.publish('general-chat', { plaintext: 'not for us' });
    publish('support-chat', 'for us');
    await platform.until(() => texts.length === expected.length);
    expect(texts).toEqual(expected);
    expect(server.openConnections).toHaveLength(1);
  });

  it('req_r06_what_is_sent_during_an_outage_is_stored_once_and_in_order', async () => {
    const { platform, server, rooms, texts, connected, outage } = stage({ userId: 'ann' });
    rooms.joinRoom('general-chat');
    await connected();
    const before = rooms.sendMessage('general-chat', 'before');
    await outage(() => {
      rooms.sendMessage('general-chat', 'one');
      rooms.sendMessage('general-chat', { text: 'two', mood: 1 });
    });
    await platform.until(() => texts.length === 3);
    expect(texts).toEqual(['before', 'one', 'two']);
    expect(server.payloads('general-chat')).toEqual([
      { sender_id: 'ann', plaintext: 'before' },
      { sender_id: 'ann', plaintext: 'one' },
      { sender_id: 'ann', text: 'two', mood: 1 },
    ]);
    expect(await before.settled).toMatchObject({ status: 'acked', offset: 1 });
    expect(rooms.getMessages('general-chat').map(({ own, sender }) => [own, sender])).toEqual(
      Array(3).fill([true, 'ann']),
    );
  });

  it('req_r09_what_was_missed_is_told_in_batches_and_state_is_kept', async () => {
    const { platform, server, rooms, connected, outage } = stage({ messagesMax: 1000 });
    const batches: number[] = [];
    rooms.on('messages', ({ messages }) => batches.push(messages.length));
    rooms.joinRoom('general-chat');
    await connected();
    server.publish('general-chat', 'live');
    await platform.until(() => batches.length === 1);
    const missed = BATCH_MAX + 44;
    await outage(() => {
      for (let number = 1; number <= missed; number += 1) {
        server.publish('general-chat', number);
      }
    });
    await platform.until(() => rooms.getMessages('general-chat').length === missed + 1);
    server.publish('general-chat', 'live again');
    await platform.until(() => batches.length === 4);
    expect(batches).toEqual([1, BATCH_MAX, 44, 1]);
    const all = rooms.getMessages('general-chat');
    expect(all.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: missed + 2 }, (_, at) => at + 1),
    );
    expect([all[0]?.replayed, all[1]?.replayed, all.at(-1)?.replayed]).toEqual([false, true, false]);
    expect(rooms.getMessages('general-chat')).toBe(all);
  });

  it('req_r09_on_a_poor_link_typing_is_thinned_first_and_messages_never', async () => {
    const { platform, server, rooms, connected, volatiles } = stage();
    rooms.joinRoom('general-chat');
    await connected();
    const typeFor = async (seconds: number) => {
      const before = volatiles().length;
      for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
        rooms.sendTyping('general-chat');
        await platform.advance(100);
      }
      return volatiles().length - before;
    };
    expect(await typeFor(8)).toBe(8);
    platform.network.latencyMs = 75;
    await platform.until(() => rooms.getSnapshot().quality === 'poor');
    expect(await typeFor(8)).toBeLessThanOrEqual(3);
    platform.network.latencyMs = 400;
    await platform.until(() => rooms.getSnapshot().quality === 'unusable');
    await platform.advance(5000);
    expect(await typeFor(8)).toBe(0);
    rooms.sendMessage('general-chat', 'gets through');
    await platform.until(() => server.payloads('general-chat').length === 1);
  });

  it('req_r04_typing_receipts_and_presence_are_told', async () => {
    const { platform, server, rooms, connected, volatiles, outage } = stage({ userId: 'ann' });
    const told: unknown[] = [];
    rooms.on('typing', ({ users }) => told.push(['typing', ...users]));
    rooms.on('read', ({ user, sequence }) => told.push(['read', user, sequence]));
    rooms.on('presence', ({ count, members }) => told.push(['presence', count, ...members]));
    rooms.on('retained', ({ key, payload }) => told.push([key, payload]));
    rooms.on('volatile', ({ key, payload }) => told.push([key, payload]));
    rooms.joinRoom('ai-assistant');
    await connected();
    await platform.advance(10);
    server.retain('ai-assistant', 'presence', { count: 2, members: ['bob'] });
    server.say('ai-assistant', 'typing', { typing: true, expires_in_ms: 5000 }, 'bob');
    server.retain('ai-assistant', 'read:bob', { user_id: 'bob', sequence_number: 3, at: 1 });
    server.retain('ai-assistant', 'read:bob', { user_id: 'bob', sequence_number: 2, at: 1 });
    server.retain('ai-assistant', 'status', { type: 'thinking_start' });
    server.say('ai-assistant', 'wave', 1);
    await platform.until(() => told.length === 5);
    expect(rooms.getTyping('ai-assistant')).toEqual(['bob']);
    await platform.advance(5000);
    expect(told).toEqual([
      ['presence', 2, 'bob'],
      ['typing', 'bob'],
      ['read', 'bob', 3],
      ['status', { type: 'thinking_start' }],
      ['wave', 1],
      ['typing'],
    ]);
    expect(rooms.getRead('ai-assistant', 'bob')).toBe(3);
    rooms.markRead('ai-assistant', 1);
    await platform.advance(10);
    await outage(() => {
      rooms.markRead('ai-assistant', 4);
      rooms.markRead('ai-assistant', 6);
      rooms.markRead('ai-assistant', 5);
      expect(rooms.sendTyping('ai-assistant')).toBe(false);
    });
    await platform.advance(100);
    expect(volatiles().map(({ key, payload }) => [key, payload])).toEqual([
      ['read', { sequence_number: 1, user_id: 'ann' }],
      ['read', { sequence_number: 6, user_id: 'ann' }],
    ]);
  });

  it('a gap and a refusal are told in their place', async () => {
    const { platform, server, rooms, connected, outage } = stage();
    const told: unknown[] = [];
    rooms.on('gap', (gap) => told.push(gap));
    rooms.on('message', ({ payload }) => told.push(payload));
    rooms.joinRoom('general-chat');
    await connected();
    server.publish('general-chat', 'first');
    await platform.until(() => told.length === 1);
    server.stop();
    await platform.until(() => !rooms.getSnapshot().isConnected);
    server.start({ forget: true });
    server.publish('general-chat', 'of another life');
    await platform.until(() => told.includes('of another life'));
    await outage(() => undefined);
    expect(told.filter((item) => typeof item === 'string')).toEqual(['first', 'of another life']);
  });

  it('leaves nothing when it is closed', async () => {
    const { platform, server, rooms, connected } = stage();
    rooms.joinRoom('general-chat');
    await connected();
    server.say('general-chat', 'typing', { typing: true }, 'bob');
    await platform.until(() => rooms.getTyping('general-chat').length === 1);
    const closed = rooms.close();
    await platform.advance(5000);
    await closed;
    expect([platform.time.timerCount, platform.network.socketCount, platform.listenerCount]).toEqual([
      0, 0, 0,
    ]);
    expect(rooms.rooms).toEqual([]);
  });

  it.each<[Partial<RoomsOptions>, string]>([
    [{ url: 'host' }, '`url` is "host"; accepted: an address that begins with ws://'],
    [{ messagesMax: -1 }, '`messagesMax` is -1; accepted: an integer from 0'],
    [{ from: 'start' as 'now' }, "`from` is \"start\"; accepted: 'now', 'beginning', 'stored'"],
    [{ manager: {} as ReconnectionManager }, '`manager` is an object; accepted: a ReconnectionManager'],
    [{ reconnection: { baseDelay: -1 } }, '`baseDelay` is -1; accepted: an integer'],
    [
      { manager: new ReconnectionManager(), reconnection: {} },
      '`reconnection` is an object; accepted: nothing, where',
    ],
  ])('%o is an error that names option, value and what is accepted', (options, expected) => {
    expect(() => stage(options)).toThrow(expected);
  });
});

describe('ReconnectionManager', () => {
  async function attached(options: ReconnectionOptions = {}) {
    const manager = new ReconnectionManager(options);
    const staged = stage({ manager });
    const told: [string, unknown][] = [];
    for (const event of [
      'reconnection_attempt',
      'reconnection_success',
      'reconnection_failure',
      'health_check',
    ] as const) {
      manager.on(event, (detail) => told.push([event, detail]));
    }
    staged.rooms.joinRoom('support-chat');
    await staged.connected();
    return {
      ...staged,
      manager,
      told,
      of: (event: string) => told.filter(([name]) => name === event).map(([, detail]) => detail),
    };
  }

  it('req_r01_req_r02_attempts_and_success_are_told_with_the_delays_of_the_options', async () => {
    const { platform, server, of } = await attached({ jitter: false, baseDelay: 500, maxAttempts: 10 });
    await platform.advance(10_000);
    server.stop();
    await platform.until(() => of('reconnection_attempt').length === 6);
    server.start();
    await platform.until(() => of('reconnection_success').length === 1);
    const attempts = of('reconnection_attempt') as { attempt: number; timestamp: number }[];
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    const pauses = attempts.slice(1).map(({ timestamp }, at) => timestamp - (attempts[at]?.timestamp ?? 0));
    for (const [at, pause] of [500, 1000, 2000, 4000, 5000].entries()) {
      expect(pauses[at]).toBeGreaterThanOrEqual(pause);
      expect(pauses[at]).toBeLessThan(pause + 50);
    }
    expect(of('reconnection_success')).toEqual([{ attempt: 6 }]);
  });

  it('req_r02_req_r08_health_checks_tell_quality_and_latency', async () => {
    const { platform, of, manager, outage } = await attached();
    platform.network.latencyMs = 20;
    await platform.until(() => of('health_check').length >= 3);
    const last = of('health_check').at(-1) as { connectionQuality: string; latency: number; health: object };
    expect(last).toMatchObject({ connectionQuality: 'excellent' });
    expect(last.latency).toBeGreaterThanOrEqual(39);
    expect(last.health).toMatchObject({ connectionQuality: 'excellent', latency: expect.any(Number) });
    await outage(() => undefined);
    const health = manager.getHealth();
    expect(health).toMatchObject({ connectionQuality: expect.any(String), reconnects: 1 });
    expect(health.successRate).toBeGreaterThan(0);
    expect(health.successRate).toBeLessThanOrEqual(1);
    expect(health.uptime).toBeGreaterThan(10_000);
    expect(health.downtime).toBeGreaterThan(0);
    expect(health.downtime).toBeLessThan(health.uptime);
  });

  it('req_r02_failure_is_told_with_its_error_once_all_attempts_are_spent_and_off_ends_it', async () => {
    const { platform, server, of, manager, told, connected } = await attached({ maxAttempts: 3 });
    const off: unknown[] = [];
    const listener = (event: unknown) => void off.push(event);
    manager.on('reconnection_failure', listener).off('reconnection_failure', listener);
    manager.on('reconnection_failure', () => {
      throw new Error('listener');
    });
    await platform.advance(10_000);
    server.stop();
    await platform.until(() => of('reconnection_failure').length === 1);
    const [failure] = of('reconnection_failure') as { attempt: number; error: Error }[];
    expect(failure?.attempt).toBe(3);
    expect(String(failure?.error)).toMatch(/^ReconnectionError: ./);
    expect(manager.getHealth().connectionQuality).toBe('disconnected');
    expect(off).toEqual([]);
    server.start();
    manager.reconnect();
    await connected();
    expect(told.at(-1)).toBeDefined();
  });
});
