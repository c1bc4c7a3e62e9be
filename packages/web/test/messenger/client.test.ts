import { describe, expect, it } from 'vitest';
import {
  createWebSocketClient,
  type DroppedMessage,
  EnhancedWebSocketClient,
  getWebSocketClient,
  MessengerClient,
  type MessengerOptions,
  WebSocketState,
  type WsHandlers,
} from '../../src/messenger/index.js';
import { ScriptedServer } from '../../src/testing/scripted-server.js';
import { virtualPlatform } from '../../src/testing/virtual-platform.js';
import { ConversationServer } from '../support/conversation-server.js';
import { Lines } from '../support/lines.js';

const URL_ = 'ws://host/ws?conversation_id=c1&user_id=ann';

function stage(options: MessengerOptions = {}, handlers: WsHandlers = {}) {
  const platform = virtualPlatform();
  const server = new ConversationServer(platform, 'ws://host/ws');
  const lines = new Lines();
  const heard: unknown[] = [];
  const dropped: DroppedMessage[] = [];
  const own: WsHandlers = {
    onMessage: (payload) => heard.push(payload['plaintext']),
    onDrop: (message) => dropped.push(message),
  };
  const client = new MessengerClient(URL_, { ...own, ...handlers }, { platform, logger: lines, ...options });
  const connected = () => platform.until(() => client.getMetrics().connected);
  return { platform, server, client, lines, heard, dropped, connected };
}

describe('MessengerClient', () => {
  it('req_m01_connects_sends_tells_its_state_and_metrics_and_disconnects', async () => {
    const { platform, server, client, heard, connected } = stage();
    expect(client.getMetrics()).toEqual({
      state: 'CLOSED',
      connected: false,
      reconnects: 0,
      queuedMessages: 0,
      connectionDurationMs: 0,
      url: URL_,
    });
    client.connect();
    client.connect();
    expect(client.getState()).toBe(WebSocketState.CONNECTING);
    await connected();
    client.send('message', { plaintext: 'hi' });
    client.sendTyping('c1', 'ann');
    await platform.until(() => heard.length === 1 && client.getUnconfirmed().length === 0);
    await server.outage(() => undefined);
    await connected();
    await platform.advance(45_000);
    const { connectionDurationMs, ...metrics } = client.getMetrics();
    expect(metrics).toEqual({
      state: 'CONNECTED',
      connected: true,
      reconnects: 1,
      queuedMessages: 0,
      url: URL_,
    });
    expect(connectionDurationMs).toBeGreaterThanOrEqual(45_000);
    expect(connectionDurationMs).toBeLessThan(46_000);
    client.disconnect();
    expect(client.getState()).toBe('CLOSED');
    await platform.advance(300_000);
    expect([platform.network.dialCount, platform.network.socketCount, platform.time.timerCount]).toEqual([
      2, 0, 0,
    ]);
    expect(server.received).toEqual([
      { type: 'message', payload: { plaintext: 'hi' }, id: expect.stringMatching(/^[0-9a-f]{32}:1$/) },
      { type: 'typing', conversation_id: 'c1', user_id: 'ann', typing: true },
    ]);
    client.connect();
    await connected();
    expect(client.getMetrics().reconnects).toBe(1);
  });

  it('req_m02_handlers_are_told_and_one_that_throws_harms_nobody', async () => {
    const told: string[] = [];
    const tell = (name: string) => (value?: unknown) =>
      void told.push(value === undefined ? name : `${name} ${value}`);
    const { platform, server, client, lines, heard, connected } = stage(
      {},
      {
        onOpen: () => {
          told.push('open');
          throw new Error('handler');
        },
        onClose: tell('close'),
        onError: (error) => told.push(`error ${error.kind} ${error.retrying}`),
        onStateChange: tell('state'),
        onTyping: (conversation, user) => told.push(`typing ${conversation} ${user}`),
      },
    );
    client.connect();
    await connected();
    for (const peer of server.peers) {
      peer.send(
        '{"type":"typing","conversation_id":"c1","user_id":"bob","typing":true,"expires_in_ms":5000}',
      );
      peer.send('{"type":"error","code":4403,"message":"not permitted"}');
    }
    await platform.until(() => told.some((line) => line.startsWith('error')));
    await server.outage(() => server.store('missed'));
    await platform.until(() => heard.length === 1);
    client.disconnect();
    expect(told).toEqual([
      'state CONNECTING',
      'state CONNECTED',
      'open',
      'typing c1 bob',
      'error server_error false',
      'state DISCONNECTED',
      'close',
      'error connection_lost true',
      'state RECONNECTING',
      'state CONNECTED',
      'open',
      'close',
      'state CLOSED',
    ]);
    expect(lines.matching(/Handler error/)).toHaveLength(2);
    expect(lines.matching(/State|Reconnect attempt|Connected/).slice(0, 7)).toEqual([
      '[WebSocket] State: CLOSED → CONNECTING',
      '[WebSocket] Connected',
      '[WebSocket] State: CONNECTING → CONNECTED',
      '[WebSocket] State: CONNECTED → DISCONNECTED',
      expect.stringMatching(/^\[WebSocket\] Reconnect attempt 1\/10 in \d+ms$/),
      '[WebSocket] State: DISCONNECTED → RECONNECTING',
      '[WebSocket] Connected',
    ]);
  });

  it('req_m03_waits_1_s_times_1_5_up_to_60_s_halved_at_most_ten_times', async () => {
    const { platform, server, client, lines, connected } = stage();
    client.connect();
    await connected();
    await platform.advance(60_000);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => client.getState() === 'ERROR');
    const delays = lines.matching(/Reconnect attempt/).map((line) => Number(/in (\d+)ms/.exec(line)?.[1]));
    expect(delays).toHaveLength(10);
    for (const [at, delay] of delays.entries()) {
      const most = Math.min(1000 * 1.5 ** at, 60_000);
      expect(delay).toBeGreaterThanOrEqual(most / 2 - 1);
      expect(delay).toBeLessThanOrEqual(most + 1);
    }
    platform.network.dials = 'accept';
    client.connect();
    await connected();
    expect(server.urls).toHaveLength(2);
  });

  it('req_m04_pings_each_30_s_and_waits_10_s_for_the_pong', async () => {
    const { platform, client, connected } = stage();
    client.connect();
    await connected();
    await platform.advance(95_000);
    expect(client.getState()).toBe('CONNECTED');
    platform.network.freeze();
    const frozen = platform.now();
    await platform.until(() => client.getState() !== 'CONNECTED');
    expect(platform.now() - frozen).toBeLessThanOrEqual(40_010);
    expect(platform.now() - frozen).toBeGreaterThan(10_000);
  });

  it('req_m05_a_hundred_wait_the_oldest_goes_first_and_is_reported_and_they_go_out_in_order', async () => {
    const { platform, server, client, dropped, heard, connected } = stage();
    client.send('message', { plaintext: 'before the first connect' });
    expect(client.getMetrics().queuedMessages).toBe(1);
    client.connect();
    await connected();
    await platform.until(() => heard.length === 1 && client.getUnconfirmed().length === 0);
    await server.outage(() => {
      for (let number = 1; number <= 103; number += 1) {
        client.send('message', { plaintext: number });
      }
      expect(client.getMetrics().queuedMessages).toBe(100);
      expect(client.getSnapshot().queuedMessages).toBe(100);
    });
    await platform.until(() => server.log.length === 101);
    await platform.until(() => client.getUnconfirmed().length === 0);
    expect(client.getMetrics().queuedMessages).toBe(0);
    expect(server.texts).toEqual([
      'before the first connect',
      ...Array.from({ length: 100 }, (_, at) => at + 4),
    ]);
    expect(dropped).toEqual(
      [1, 2, 3].map((number) => ({
        type: 'message',
        payload: { plaintext: number },
        attempts: 0,
        reason: 'dropped_oldest',
      })),
    );
  });

  it('req_m05_attempts_are_counted_and_what_was_not_confirmed_is_stored_once', async () => {
    const { platform, server, client, connected } = stage();
    client.connect();
    await connected();
    await platform.advance(10);
    server.isSilent = true;
    client.send('message', { plaintext: 'once' });
    await platform.until(() => server.log.length === 1);
    expect(client.getUnconfirmed()).toMatchObject([{ attempts: 1 }]);
    await server.outage(() => expect(client.getMetrics().queuedMessages).toBe(1));
    await connected();
    await platform.advance(100);
    expect(client.getUnconfirmed()).toMatchObject([{ attempts: 2 }]);
    expect(server.texts).toEqual(['once']);
  });

  it('req_m05_the_queue_is_cleared_by_clear_and_by_disconnect', async () => {
    const { platform, server, client, dropped, connected } = stage();
    client.connect();
    await connected();
    await server.outage(() => {
      client.send('message', { plaintext: 'one' });
      client.clear();
      expect(client.getMetrics().queuedMessages).toBe(0);
      client.send('custom', 2);
      client.disconnect();
      expect(client.getMetrics().queuedMessages).toBe(0);
    });
    client.connect();
    await connected();
    await platform.advance(100);
    expect(server.received).toEqual([]);
    expect(dropped.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'message cleared',
      'custom cleared',
    ]);
  });

  it('req_m07_copies_are_dropped_and_the_list_is_sorted', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, 'ws://host/ws');
    const heard: unknown[] = [];
    const client = new MessengerClient(
      URL_,
      { onMessage: (m) => heard.push(m['sequence_number']) },
      { platform, logger: false },
    );
    client.connect();
    const connection = await server.next();
    for (const [id, sequence_number] of [
      ['a', 2],
      ['b', 1],
      ['a', 3],
      ['c', 2],
      ['d', 3],
    ]) {
      connection.send({ type: 'message', id, sequence_number });
    }
    await platform.until(() => heard.length === 3);
    await platform.advance(10);
    expect(heard).toEqual([2, 1, 3]);
    expect(client.getMessages().map(({ id }) => id)).toEqual(['b', 'a', 'd']);
  });

  it('req_m08_after_an_outage_it_has_every_message_that_was_stored_meanwhile_each_once', async () => {
    const { platform, server, client, heard, connected } = stage();
    server.store('history');
    client.connect();
    await platform.until(() => heard.length === 1);
    for (let outage = 1; outage <= 5; outage += 1) {
      await server.outage(() => {
        server.store(`missed in outage ${outage}`);
        server.store(`and another in outage ${outage}`);
      });
      await connected();
      server.store(`live after outage ${outage}`);
      await platform.until(() => heard.length === server.log.length);
    }
    await platform.advance(1000);
    expect(heard).toEqual(server.texts);
    expect(client.getMessages().map(({ sequence_number }) => sequence_number)).toEqual(
      server.log.map((_, at) => at + 1),
    );
    expect(server.urls.map((url) => url.searchParams.get('after'))).toEqual([
      null,
      '1',
      '4',
      '7',
      '10',
      '13',
    ]);
  });

  it('req_m08_the_url_is_left_alone_where_that_is_wanted', async () => {
    const { server, client, connected } = stage({ resume: false });
    client.connect();
    await connected();
    expect(server.urls.map(String)).toEqual([URL_]);
  });

  it('req_m11_errors_are_in_the_words_of_users', async () => {
    const kinds: string[] = [];
    const { platform, client, connected } = stage(
      { maxRetries: 2 },
      { onError: ({ kind, retrying }) => kinds.push(`${kind}${retrying ? ', retrying' : ''}`) },
    );
    platform.network.dials = 'refuse';
    client.connect();
    await platform.until(() => kinds.length === 1);
    platform.network.dials = 'accept';
    await connected();
    await platform.advance(60_000);
    platform.network.dials = 'refuse';
    platform.network.cut();
    await platform.until(() => client.getState() === 'ERROR');
    expect(kinds[0]).toBe('connection_error, retrying');
    expect(kinds[1]).toBe('connection_lost, retrying');
    expect(kinds.at(-1)).toBe('gave_up');
  });

  it('req_m07_a_message_is_stored_by_post_and_what_the_server_says_against_it_is_told', async () => {
    const posts: { url: string; body: unknown }[] = [];
    let status = 201;
    const fetch = (async (url: string, init: RequestInit) => {
      posts.push({ url, body: JSON.parse(init.body as string) });
      const problem = { title: 'not accepted', detail: '`id` is too long' };
      return new Response(JSON.stringify(status === 201 ? { id: 'x', sequence_number: 4 } : problem), {
        status,
      });
    }) as typeof globalThis.fetch;
    const { client } = stage({ fetch });
    expect(await client.persist({ plaintext: 'hi', sender_id: 'ann' }, { id: 'x' })).toMatchObject({
      sequence_number: 4,
    });
    status = 422;
    await expect(client.persist({ plaintext: 'hi' })).rejects.toMatchObject({
      name: 'PersistError',
      message: 'the server answered 422: not accepted: `id` is too long',
      status: 422,
      id: expect.stringContaining(':post:'),
    });
    expect(posts[0]).toEqual({
      url: 'http://host/conversations/c1/messages',
      body: { id: 'x', plaintext: 'hi', sender_id: 'ann' },
    });
  });

  it('req_m01_there_is_one_for_the_console_and_a_new_one_ends_the_one_before', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, 'ws://host/ws');
    const first = createWebSocketClient(URL_, {}, { platform, logger: false });
    expect(getWebSocketClient()).toBe(first);
    first.connect();
    await server.next();
    await platform.until(() => first.getState() === 'CONNECTED');
    const second = createWebSocketClient(URL_, {}, { platform, logger: false });
    expect([getWebSocketClient(), first.getState()]).toEqual([second, 'CLOSED']);
    expect(EnhancedWebSocketClient).toBe(MessengerClient);
  });

  it.each<[string, object, string]>([
    ['ftp://host', {}, '`url` is "ftp://host"; accepted: ws:// or wss://'],
    [URL_, { maxRetries: -1 }, '`maxRetries` is -1; accepted: an integer from 1'],
    [URL_, { maxDelayMs: 10 }, '`maxDelayMs` is 10; accepted: `initialDelayMs` (1000) to 900000'],
    [URL_, { backoffMultiplier: 11 }, '`backoffMultiplier` is 11; accepted: a number from 1 to 10'],
    [URL_, { queueMax: 0 }, '`queueMax` is 0; accepted: an integer from 1 to 4096 (messages)'],
    [URL_, { maxRetrys: 1 }, '`maxRetrys` is not an option; accepted: maxRetries'],
  ])('%s with %o is an error that names option, value and what is accepted', (url, options, expected) => {
    expect(() => new MessengerClient(url, {}, options)).toThrow(expected);
    expect(() => new MessengerClient(URL_, { onMesage: () => undefined } as WsHandlers)).toThrow(
      '`onMesage` is not an option',
    );
  });
});
