/** The managers with the real server: killed as by a crash, started again, each message once. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatWebSocketManager, type Frame, StatusWebSocketManager } from '../../src/chat/index.js';
import { MessengerClient } from '../../src/messenger/index.js';
import { RoomsClient } from '../../src/rooms/index.js';
import { BINARY, RealServer } from '../support/real-server.js';
import { Recorder } from '../support/recorder.js';

/**
 * Short delays. The WebSocket of Node 20 tells of a refused attempt by `error` alone, without the `close` that browsers
 * send after it: there the time-out of the attempt ends it.
 */
const settings = { backoffMaxMs: 200, dialsPerMinute: false, connectTimeoutMs: 1000 } as const;

/** As many attempts as it takes. */
const quick = { reconnectDelay: 50, maxReconnectAttempts: 100, settings } as const;

const OUTAGES = 3;

describe.skipIf(BINARY === undefined)('with the real server', () => {
  const server = new RealServer('disk');
  beforeAll(() => server.start(), 30_000);
  afterAll(() => server.remove());

  it('req_c09_chat_messages_and_replies_come_once_through_kills_and_sends_are_stored_once', async () => {
    const told = new Recorder<unknown>();
    const open = new Recorder<boolean>();
    const chat = new ChatWebSocketManager({
      ...quick,
      baseUrl: `ws://${server.address}`,
      logger: false,
      queueing: true,
    });
    chat.setOnChatMessageCallback((data) => told.push(data['message']));
    chat.setOnChatReplyCallback((data) => told.push(`reply: ${data['message']}`));
    chat.setOnOpenCallback(() => open.push(true));
    chat.setOnCloseCallback(() => open.push(false));
    chat.connect('chat-1');
    await open.until((all) => all.at(-1) === true);
    const expected: string[] = [];
    for (let outage = 1; outage <= OUTAGES; outage += 1) {
      expect(chat.sendMessage(`before ${outage}`)).toBe(true);
      expected.push(`before ${outage}`);
      await told.until((all) => all.length === expected.length);
      await server.kill();
      await open.until((all) => all.at(-1) === false);
      expect(chat.sendMessage(`during ${outage}`)).toBe(true);
      expected.push(`during ${outage}`);
      await server.start();
      await told.until((all) => all.length === expected.length);
      await server.post('/conversations/chat-1/messages', {
        id: `r-${outage}`,
        plaintext: `${outage}`,
        role: 'assistant',
      });
      expected.push(`reply: ${outage}`);
      await told.until((all) => all.length === expected.length);
    }
    expect(told.all).toEqual(expected);
    const history = await (await fetch(`http://${server.address}/conversations/chat-1/messages`)).json();
    expect((history as { messages: unknown[] }).messages).toHaveLength(expected.length);
    chat.disconnect();
  }, 60_000);

  it('req_c09_req_c05_status_events_of_the_worker_are_told_and_the_state_is_right_after_a_kill', async () => {
    const told = new Recorder<Frame>();
    const open = new Recorder<boolean>();
    const status = new StatusWebSocketManager({
      ...quick,
      baseUrl: `http://${server.address}`,
      logger: false,
    });
    status.onStatusChange(told.push);
    status.setOnOpenCallback(() => open.push(true));
    status.connect('chat-2');
    await open.until((all) => all.length === 1);
    const steps: [object, boolean[]][] = [
      [{ type: 'thinking_start' }, [true, false, false]],
      [{ type: 'thinking_end' }, [false, false, false]],
      [{ type: 'extraction_start' }, [false, true, false]],
      [{ type: 'extraction_complete', summary_triggered: true }, [false, false, true]],
    ];
    for (const [at, [event, flags]] of steps.entries()) {
      await server.post('/conversations/chat-2/status', event);
      await told.until((all) => all.length > at);
      expect([status.isThinking, status.isExtracting, status.isSummaryGenerating]).toEqual(flags);
    }
    await server.kill();
    await told.until((all) => all.at(-1)?.['type'] === 'status_cleared');
    expect(status.isSummaryGenerating).toBe(false);
    await server.start();
    await open.until((all) => all.length === 2);
    await server.post('/conversations/chat-2/status', { type: 'thinking_start' });
    await told.until((all) => all.at(-1)?.['type'] === 'thinking_start');
    expect(status.isThinking).toBe(true);
    status.disconnect();
  }, 60_000);

  it('req_m07_req_m08_the_messenger_has_what_was_stored_while_it_was_away_each_once', async () => {
    const told = new Recorder<unknown>();
    const states = new Recorder<string>();
    const url = `ws://${server.address}/ws?conversation_id=room-1&user_id=ann`;
    const options = {
      initialDelayMs: 50,
      maxDelayMs: 200,
      maxRetries: 100,
      settings,
      logger: false,
    } as const;
    const handlers = {
      onMessage: (payload: Frame) => told.push(payload['plaintext']),
      onStateChange: states.push,
    };
    const ann = new MessengerClient(url, handlers, options);
    ann.connect();
    await states.until((all) => all.at(-1) === 'CONNECTED');
    const expected: string[] = [];
    for (let outage = 1; outage <= OUTAGES; outage += 1) {
      const live = `live ${outage}`;
      expect(await ann.persist({ plaintext: live, sender_id: 'ann' }, { id: `m-${outage}` })).toMatchObject({
        id: `m-${outage}`,
      });
      await ann.persist({ plaintext: live, sender_id: 'ann' }, { id: `m-${outage}` });
      expected.push(live);
      await told.until((all) => all.length === expected.length);
      await server.kill();
      await states.until((all) => all.at(-1) !== 'CONNECTED');
      ann.send('message', { plaintext: `queued ${outage}` });
      await server.start();
      expected.push(`queued ${outage}`);
      for (let number = 1; number <= 3; number += 1) {
        await server.post('/conversations/room-1/messages', { plaintext: `missed ${outage}.${number}` });
        expected.push(`missed ${outage}.${number}`);
      }
      await told.until((all) => all.length === expected.length);
    }
    // What others stored races with what was queued; nothing is lost, doubled, or out of the log's order.
    expect([...told.all].sort()).toEqual([...expected].sort());
    expect(ann.getMessages().map(({ sequence_number }) => sequence_number)).toEqual(
      expected.map((_, at) => at + 1),
    );
    expect(ann.getMessages().map((message) => message['plaintext'])).toEqual(told.all);
    expect(ann.getMetrics()).toMatchObject({ reconnects: OUTAGES, queuedMessages: 0 });
    ann.disconnect();
  }, 60_000);

  it('req_r06_rooms_are_rejoined_and_have_what_they_missed_after_kills', async () => {
    const told = new Recorder<unknown>();
    const states = new Recorder<string>();
    const reconnection = { baseDelay: 50, maxDelay: 200, maxAttempts: 100 };
    const rooms = new RoomsClient({ url: `ws://${server.address}/ws`, reconnection, settings });
    rooms.on('message', ({ room, text }) => told.push(`${room}: ${text}`));
    rooms.on('statechange', ({ to }) => states.push(to));
    rooms.joinRoom('general-chat');
    rooms.joinRoom('support-chat');
    await states.until((all) => all.at(-1) === 'connected');
    const expected: string[] = [];
    for (let outage = 1; outage <= OUTAGES; outage += 1) {
      await server.kill();
      await states.until((all) => all.at(-1) !== 'connected');
      rooms.sendMessage('general-chat', `sent ${outage}`);
      await server.start();
      await server.post('/conversations/support-chat/messages', { plaintext: `missed ${outage}` });
      expected.push(`general-chat: sent ${outage}`, `support-chat: missed ${outage}`);
      await told.until((all) => all.length === expected.length);
    }
    expect([...told.all].sort()).toEqual([...expected].sort());
    await rooms.close();
  }, 60_000);
});

describe.skipIf(BINARY === undefined)('with the real server and logs that end with it', () => {
  const server = new RealServer('memory');
  beforeAll(() => server.start(), 30_000);
  afterAll(() => server.remove());

  it('req_m08_a_log_with_a_new_life_is_read_from_its_beginning', async () => {
    const told = new Recorder<unknown>();
    const states = new Recorder<string>();
    const url = `ws://${server.address}/ws?conversation_id=room-2&user_id=ann`;
    const options = {
      initialDelayMs: 50,
      maxDelayMs: 200,
      maxRetries: 100,
      settings,
      logger: false,
    } as const;
    const handlers = {
      onMessage: (payload: Frame) => payload['type'] === 'message' && told.push(payload['plaintext']),
      onStateChange: states.push,
    };
    const ann = new MessengerClient(url, handlers, options);
    ann.connect();
    await states.until((all) => all.at(-1) === 'CONNECTED');
    for (const text of ['one', 'two', 'three']) {
      await ann.persist({ plaintext: text }, { id: text });
    }
    await told.until((all) => all.length === 3);
    await server.kill();
    await states.until((all) => all.at(-1) !== 'CONNECTED');
    await server.start();
    // Sent again to a log that lost it, a message keeps its name; nobody is told it twice.
    await ann.persist({ plaintext: 'three' }, { id: 'three' });
    await ann.persist({ plaintext: 'four' }, { id: 'four' });
    await told.until((all) => all.includes('four'));
    await ann.persist({ plaintext: 'five' }, { id: 'five' });
    await told.until((all) => all.includes('five'));
    expect(told.all).toEqual(['one', 'two', 'three', 'four', 'five']);
    ann.disconnect();
  }, 60_000);
});
