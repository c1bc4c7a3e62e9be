import { describe, expect, it } from 'vitest';
import {
  ChatWebSocketManager,
  type ChatWebSocketOptions,
  type Frame,
  installGlobals,
  type ManagerGlobals,
  StatusWebSocketManager,
  type WebSocketManager,
  type WebSocketManagerOptions,
} from '../../src/chat/index.js';
import { ScriptedServer } from '../../src/testing/scripted-server.js';
import { virtualPlatform } from '../../src/testing/virtual-platform.js';
import { ConversationServer } from '../support/conversation-server.js';
import { Lines } from '../support/lines.js';

const CHAT = 'ws://host/ws/chat/c1/';
const STATUS = 'ws://host/ws/status/c1/';

function stage(url = CHAT) {
  const platform = virtualPlatform();
  const server = new ScriptedServer(platform, url);
  const lines = new Lines();
  const options: WebSocketManagerOptions = { baseUrl: 'ws://host', platform, logger: lines };
  return { platform, server, lines, options };
}

const MANAGERS: [string, string, string, (options: WebSocketManagerOptions) => WebSocketManager][] = [
  ['ChatWebSocketManager', 'ChatWS', CHAT, (options) => new ChatWebSocketManager(options)],
  ['StatusWebSocketManager', 'StatusWS', STATUS, (options) => new StatusWebSocketManager(options)],
];

describe.each(MANAGERS)('%s', (_name, prefix, url, make) => {
  it('req_c01_comes_back_after_1_2_4_8_16_s_and_then_gives_up_with_connection_failed', async () => {
    const { platform, lines, options } = stage(url);
    new ConversationServer(platform, url);
    const manager = make(options);
    const heard: Frame[] = [];
    manager.onMessage((data) => heard.push(data));
    manager.connect('c1');
    await platform.until(() => manager.isConnected);
    await platform.advance(60_000);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => manager.getSnapshot().state === 'error');
    const delays = lines.matching(/Reconnecting in/);
    expect(delays).toEqual(
      [1000, 2000, 4000, 8000, 16_000].map(
        (ms, at) => `[${prefix}] Reconnecting in ${ms}ms (attempt ${at + 1}/5)`,
      ),
    );
    expect(heard).toMatchObject([{ type: 'connection_failed', attempts: 5, error: { kind: 'gave_up' } }]);
    await platform.advance(600_000);
    expect(platform.network.dialCount).toBe(6);
  });

  it('req_c01_says_on_the_console_what_it_always_said', async () => {
    const { platform, server, lines, options } = stage(url);
    const manager = make(options);
    manager.connect('c1');
    const connection = await server.next();
    await platform.until(() => manager.isConnected);
    connection.cut();
    await server.next();
    await platform.until(() => manager.isConnected);
    expect(lines.all).toEqual([
      `[${prefix}] Connecting to: ${url}`,
      `[${prefix}] Connected successfully`,
      `[${prefix}] Connection closed: 1006`,
      `[${prefix}] Reconnecting in 1000ms (attempt 1/5)`,
      `[${prefix}] Connecting to: ${url}`,
      `[${prefix}] Connected successfully`,
    ]);
  });

  it('req_c02_pings_each_30_s_and_takes_a_connection_without_a_pong_for_dead', async () => {
    const { platform, server, options } = stage(url);
    const manager = make(options);
    manager.connect('c1');
    const connection = await server.next();
    await platform.until(() => manager.isConnected);
    const since = platform.now();
    expect(await connection.receiveJson()).toEqual({ type: 'ping' });
    const first = platform.now() - since;
    expect(first).toBeLessThanOrEqual(30_010);
    connection.send({ type: 'pong' });
    expect(await connection.receiveJson()).toEqual({ type: 'ping' });
    expect(platform.now() - since - first).toBeCloseTo(30_000, -2);
    const asked = platform.now();
    const next = await server.next();
    await platform.until(() => !connection.isOpen);
    expect(platform.now() - asked).toBeLessThanOrEqual(11_100);
    expect(next.isOpen).toBe(true);
    await platform.until(() => manager.isConnected);
  });

  it('req_c03_tells_what_it_does', async () => {
    const { platform, server, options } = stage(url);
    const manager = make(options);
    expect([manager.isConnecting, manager.isConnected, manager.currentConvId]).toEqual([false, false, null]);
    manager.connect('c1');
    expect([manager.isConnecting, manager.isConnected, manager.currentConvId]).toEqual([true, false, 'c1']);
    await server.next();
    await platform.until(() => manager.getIsConnected());
    expect([manager.isConnecting, manager.isConnected, manager.reconnectAttempts]).toEqual([false, true, 0]);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => manager.reconnectAttempts === 2);
    expect([manager.isConnecting, manager.isConnected]).toEqual([false, false]);
    manager.disconnect();
    expect([manager.isConnecting, manager.isConnected, manager.currentConvId]).toEqual([false, false, null]);
    await platform.advance(120_000);
    expect(platform.network.dialCount).toBe(2);
    expect([platform.time.timerCount, platform.network.socketCount, platform.listenerCount]).toEqual([
      0, 0, 0,
    ]);
  });

  it('req_c04_calls_back_and_a_listener_that_throws_harms_nobody', async () => {
    const { platform, server, lines, options } = stage(url);
    const manager = make(options);
    const heard: string[] = [];
    manager.setOnOpenCallback(() => heard.push('open'));
    manager.setOnCloseCallback(() => {
      heard.push('close');
      throw new Error('callback');
    });
    manager.onMessage(() => {
      throw new Error('listener');
    });
    const stop = manager.onMessage((data) => heard.push(String(data['type'])));
    expect(manager.listeners).toHaveLength(2);
    manager.connect('c1');
    const connection = await server.next();
    connection.send({ type: 'note' });
    await platform.until(() => heard.includes('note'));
    connection.cut();
    await server.next();
    await platform.until(() => manager.isConnected);
    expect(heard).toEqual(['open', 'note', 'close', 'open']);
    expect(lines.matching(/Listener error/)).toHaveLength(2);
    stop();
    expect(manager.listeners).toHaveLength(1);
  });

  it('req_c06_options_change_delays_attempts_and_pings', async () => {
    const { platform, server, lines, options } = stage(url);
    const manager = make({
      ...options,
      maxReconnectAttempts: 2,
      reconnectDelay: 300,
      pingInterval: 5000,
      pongTimeout: 1000,
    });
    manager.connect('c1');
    const connection = await server.next();
    await platform.until(() => manager.isConnected);
    const since = platform.now();
    await connection.receiveJson();
    expect(platform.now() - since).toBeLessThanOrEqual(5010);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => manager.getSnapshot().state === 'error');
    expect(lines.matching(/Reconnecting in/)).toEqual([
      `[${prefix}] Reconnecting in 300ms (attempt 1/2)`,
      `[${prefix}] Reconnecting in 600ms (attempt 2/2)`,
    ]);
  });

  it('req_c10_reconnects_by_hand_after_it_gave_up_and_when_the_network_is_back', async () => {
    const { platform, options } = stage(url);
    new ConversationServer(platform, url);
    const manager = make(options);
    manager.connect('c1');
    await platform.until(() => manager.isConnected);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => manager.getSnapshot().state === 'error');
    platform.network.dials = 'accept';
    manager.reconnect();
    await platform.until(() => manager.isConnected);
    await platform.advance(60_000);
    platform.signal('offline');
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => !manager.isConnected);
    await platform.advance(3000);
    platform.network.dials = 'accept';
    const back = platform.now();
    platform.signal('online');
    await platform.until(() => manager.isConnected);
    expect(platform.now() - back).toBeLessThan(1000);
    expect(manager.getSnapshot().quality).toBeDefined();
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [
      { maxReconnectAttempts: 0 },
      '`maxReconnectAttempts` is 0; accepted: an integer from 1 to 1000000, or Infinity',
    ],
    [
      { reconnectDelay: '1000' },
      '`reconnectDelay` is "1000"; accepted: an integer from 0 to 900000 (milliseconds)',
    ],
    [{ pingInterval: 5 }, '`pingInterval` is 5; accepted: an integer from 100'],
    [{ staleTimeoutDuration: -1 }, '`staleTimeoutDuration` is -1; accepted: an integer from 100'],
    [
      { extractionStaleTimeout: Number.NaN },
      '`extractionStaleTimeout` is NaN; accepted: an integer from 100',
    ],
    [{ logger: {} }, '`logger` is an object; accepted: an object with debug, info, warn and error'],
    [{ maxReconectAttempts: 5 }, '`maxReconectAttempts` is not an option; accepted: maxReconnectAttempts'],
  ])('req_c06_%o is an error that names option, value and what is accepted', (options, expected) => {
    expect(() => new StatusWebSocketManager(options)).toThrow(expected);
  });

  it('req_c06_a_queue_on_disk_needs_a_queue', () => {
    const outbox = {} as NonNullable<ChatWebSocketOptions['outbox']>;
    expect(() => new ChatWebSocketManager({ outbox })).toThrow(
      '`queueing` is undefined; accepted: true, where there is an `outbox`',
    );
  });

  it('req_c03_a_conversation_that_cannot_be_one_is_told', () => {
    const manager = new ChatWebSocketManager({ baseUrl: 'ftp://host' });
    expect(() => manager.connect('c1')).toThrow(
      '`baseUrl` is "ftp://host"; accepted: an address that begins with ws://',
    );
    expect(() => manager.connect('')).toThrow('`conversationId` is ""; accepted: a text that is not empty');
    expect(manager.currentConvId).toBeNull();
  });
});

describe('a page', () => {
  it('req_c08_switching_the_conversation_disconnects_the_old_one_first', async () => {
    const { platform, server, options } = stage();
    const other = new ScriptedServer(platform, 'ws://host/ws/chat/c%2F2/');
    const manager = new ChatWebSocketManager(options);
    const heard: unknown[] = [];
    manager.onMessage((data) => heard.push(data['conversation_id']));
    manager.connect('c1');
    const first = await server.next();
    await platform.until(() => manager.isConnected);
    manager.connect('c1');
    manager.connect('c/2');
    first.send({ type: 'chat_message', id: 'late', conversation_id: 'c1' });
    const second = await other.next();
    await platform.until(() => manager.isConnected);
    expect(first.ended?.code).toBe(1000);
    second.send({ type: 'chat_message', id: 'a', conversation_id: 'c/2' });
    await platform.until(() => heard.length > 0);
    expect(heard).toEqual(['c/2']);
    expect([platform.network.dialCount, manager.currentConvId]).toEqual([2, 'c/2']);
  });

  it('req_c08_has_one_pair_of_managers_within_reach_of_its_console', () => {
    const window: ManagerGlobals = {};
    const { chat, status, uninstall } = installGlobals({}, window);
    expect([window.ChatWebSocket, window.StatusWebSocket]).toEqual([chat, status]);
    expect(installGlobals({}, window)).toMatchObject({ chat, status });
    expect(() => installGlobals({ chat: new ChatWebSocketManager() }, window)).toThrow(
      '`ChatWebSocket` is there already',
    );
    uninstall();
    expect(window).toEqual({});
  });
});
