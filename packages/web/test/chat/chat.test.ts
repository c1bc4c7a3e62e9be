import { describe, expect, it } from 'vitest';
import { ChatWebSocketManager, type ChatWebSocketOptions, type Frame } from '../../src/chat/index.js';
import { MemoryDisk, MemoryOutbox } from '../../src/testing/memory-stores.js';
import { ScriptedServer } from '../../src/testing/scripted-server.js';
import { type VirtualPlatform, virtualPlatform } from '../../src/testing/virtual-platform.js';
import { ConversationServer } from '../support/conversation-server.js';
import { Lines } from '../support/lines.js';

const URL = 'ws://host/ws/chat/c1/';

function stage(options: ChatWebSocketOptions = {}, platform = virtualPlatform()) {
  const server = new ConversationServer(platform, URL);
  return { platform, server, ...page(platform, options) };
}

/** A page that talks to the conversation. */
function page(platform: VirtualPlatform, options: ChatWebSocketOptions = {}) {
  const lines = new Lines();
  const chat = new ChatWebSocketManager({ baseUrl: 'http://host/', platform, logger: lines, ...options });
  const texts: unknown[] = [];
  chat.setOnChatMessageCallback((data) => texts.push(data['plaintext']));
  return { chat, texts, lines };
}

describe('ChatWebSocketManager', () => {
  it('req_c03_a_message_is_refused_with_a_warning_while_the_socket_is_not_open', async () => {
    const { platform, server, chat, texts, lines } = stage();
    expect(chat.sendMessage('before')).toBe(false);
    chat.connect('c1');
    expect(chat.sendMessage('too early')).toBe(false);
    await platform.until(() => chat.isConnected);
    expect(chat.sendMessage('first')).toBe(true);
    await platform.until(() => texts.length === 1);
    await server.outage(() => expect(chat.sendMessage('second')).toBe(false));
    await platform.until(() => chat.isConnected);
    expect(chat.sendMessage('third')).toBe(true);
    await platform.until(() => texts.length === 2);
    expect(texts).toEqual(['first', 'third']);
    expect(lines.matching(/Cannot send - socket not open/)).toHaveLength(3);
  });

  it('req_c03_with_queueing_on_messages_wait_and_go_out_in_order', async () => {
    const { platform, server, chat, texts } = stage({ queueing: true, queueMax: 2 });
    const dropped: Frame[] = [];
    chat.onMessage((data) => data['type'] === 'message_dropped' && dropped.push(data));
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await server.outage(() => {
      expect(['one', 'two', 'three'].map((text) => chat.sendMessage(text))).toEqual([true, true, false]);
      expect(chat.getSnapshot().queuedMessages).toBe(2);
    });
    await platform.until(() => texts.length === 2);
    await platform.until(() => chat.getUnconfirmed().length === 0);
    expect(texts).toEqual(['one', 'two']);
    expect(server.texts).toEqual(['one', 'two']);
    expect(chat.getSnapshot().queuedMessages).toBe(0);
    expect(dropped).toMatchObject([{ reason: 'queue_full', conversation_id: 'c1' }]);
  });

  it('req_c03_what_was_not_confirmed_goes_again_before_what_is_newer_and_is_stored_once', async () => {
    const { platform, server, chat, texts } = stage({ queueing: true });
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(10);
    server.isSilent = true;
    chat.sendMessage('stored, and not confirmed');
    await platform.until(() => server.log.length === 1);
    platform.network.freeze();
    chat.sendMessage('swallowed');
    await platform.advance(10);
    server.isSilent = false;
    await server.outage(() => chat.sendMessage('newer'));
    platform.network.thaw();
    await platform.until(() => server.log.length === 3);
    await platform.until(() => texts.length === 3 && chat.getUnconfirmed().length === 0);
    expect(server.texts).toEqual(['stored, and not confirmed', 'swallowed', 'newer']);
    expect(texts).toEqual(server.texts);
  });

  it('a server that confirms nothing is not sent a message twice, and the page is told', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, URL);
    const { chat } = page(platform, { queueing: true });
    const dropped: unknown[] = [];
    chat.onMessage((data) => data['type'] === 'message_dropped' && dropped.push(data['reason']));
    chat.connect('c1');
    const first = await server.next();
    await platform.until(() => chat.isConnected);
    chat.sendMessage('one');
    await platform.advance(5);
    first.cut();
    const second = await server.next();
    await platform.until(() => chat.isConnected);
    await platform.advance(1000);
    expect(dropped).toEqual(['in_doubt']);
    expect(second.received.filter((data) => String(data).includes('one'))).toEqual([]);
    second.send({ type: 'chat_message', message: 'hi' });
    await platform.advance(5);
    chat.sendMessage('two');
    await platform.advance(5);
    expect(chat.getUnconfirmed()).toEqual([]);
  });

  it('req_c04_messages_and_replies_have_callbacks_of_their_own', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, URL);
    const { chat, texts } = page(platform);
    const replies: unknown[] = [];
    const all: unknown[] = [];
    chat.setOnChatReplyCallback((data) => replies.push(data['message']));
    chat.onMessage((data) => all.push(data['type']));
    chat.connect('c1');
    const connection = await server.next();
    connection.send({ type: 'ready', epoch: 1, sequence_number: 0, replay: 0 });
    connection.send({ type: 'chat_message', id: 'a', sequence_number: 1, plaintext: 'question' });
    connection.send({ type: 'chat_reply', id: 'b', sequence_number: 2, message: 'answer' });
    connection.send('no JSON');
    connection.send({ type: 'chat_reply', id: 'b', sequence_number: 2, message: 'answer' });
    connection.send({ type: 'gap', from: 3, to: 5, why: 'expired' });
    await platform.until(() => all.length === 3);
    expect([texts, replies, all]).toEqual([['question'], ['answer'], ['chat_message', 'chat_reply', 'gap']]);
  });

  it('req_c10_what_was_stored_during_an_outage_is_told_once_even_before_the_first_message', async () => {
    const { platform, server, chat, texts } = stage();
    server.store('long ago');
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(10);
    await server.outage(() => server.store('missed'));
    await platform.until(() => texts.length === 1);
    server.store('live');
    await platform.until(() => texts.length === 2);
    await server.outage(() => undefined);
    await platform.until(() => chat.isConnected);
    await platform.advance(100);
    expect(texts).toEqual(['missed', 'live']);
    expect(server.urls.map((url) => url.search)).toEqual([
      '?events=ready&replay=0',
      '?events=ready&after=1&epoch=7',
      '?events=ready&after=3&epoch=7',
    ]);
  });

  it('req_c10_a_log_with_a_new_life_is_told_from_its_beginning', async () => {
    const { platform, server, chat, texts } = stage({ history: 10 });
    for (const text of ['one', 'two', 'three']) {
      server.store(text);
    }
    chat.connect('c1');
    await platform.until(() => texts.length === 3);
    await server.outage(() => {
      server.loseLog();
      server.store('three', 'm-3');
      server.store('four', 'another');
    });
    await platform.until(() => texts.length === 4);
    await platform.advance(100);
    expect(texts).toEqual(['one', 'two', 'three', 'four']);
  });

  it('fault_20_what_a_dead_socket_swallowed_goes_again', async () => {
    const { platform, server, chat, texts } = stage({ queueing: true, pingInterval: 5000 });
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(10);
    for (const peer of server.peers) {
      server.dead.add(peer);
    }
    chat.sendMessage('swallowed');
    await platform.advance(100);
    expect(server.log).toEqual([]);
    await platform.until(() => texts.length === 1 && chat.getUnconfirmed().length === 0);
    expect(server.texts).toEqual(['swallowed']);
  });

  it('what was not confirmed goes again when another socket takes over while the connection stands', async () => {
    const { platform, server, chat, texts } = stage({ settings: { renewAfterMs: 60_000 } });
    const closed: unknown[] = [];
    chat.setOnCloseCallback(() => closed.push(true));
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(10);
    server.isSilent = true;
    chat.sendMessage('stored, and not confirmed');
    await platform.until(() => server.log.length === 1);
    server.isSilent = false;
    await platform.until(() => server.urls.length === 2);
    await platform.until(() => chat.getUnconfirmed().length === 0);
    expect([server.texts, texts, closed]).toEqual([
      ['stored, and not confirmed'],
      ['stored, and not confirmed'],
      [],
    ]);
  });

  it('a message that the server refuses or cannot take does not go again, and the others do', async () => {
    const { platform, server, chat } = stage({ queueing: true });
    const told: unknown[] = [];
    chat.onMessage((data) => told.push(data['type'] === 'message_dropped' ? data['reason'] : data['type']));
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(10);
    server.textMax = 100;
    server.forbidden.add('forbidden');
    chat.sendMessage('forbidden');
    chat.sendMessage('x'.repeat(101));
    chat.sendMessage('small');
    await platform.until(() => server.texts.includes('small'));
    await platform.until(() => chat.getUnconfirmed().length === 0);
    await server.outage(() => undefined);
    await platform.until(() => chat.isConnected);
    await platform.advance(100);
    expect(server.texts).toEqual(['small']);
    expect(told).toEqual(['refused', 'error', 'too_big', 'chat_message']);
  });

  it('req_c08_the_conversation_that_was_left_last_is_gone_on_with', async () => {
    const { platform, server, chat, texts } = stage();
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    server.store('one');
    await platform.until(() => texts.length === 1);
    chat.disconnect();
    await platform.advance(10);
    server.store('two');
    chat.connect('c1');
    await platform.until(() => texts.length === 2);
    expect(texts).toEqual(['one', 'two']);
  });

  it('req_c10_the_queue_survives_a_reload_of_the_page_and_each_message_is_stored_once', async () => {
    const platform = virtualPlatform();
    const disk = new MemoryDisk();
    const outbox = new MemoryOutbox(disk);
    const before = stage({ queueing: true, outbox }, platform);
    before.chat.connect('c1');
    await platform.until(() => before.chat.isConnected);
    await platform.advance(10);
    before.server.isSilent = true;
    before.chat.sendMessage('stored, and not confirmed');
    await platform.until(() => before.server.log.length === 1);
    before.server.isSilent = false;
    platform.network.dials = 'refuse';
    platform.network.cut();
    before.chat.sendMessage('waits');
    await platform.advance(10);
    expect(disk.entries).toHaveLength(2);
    const closed = before.chat.close();
    await platform.advance(10);
    await closed;
    expect(disk.living.size).toBe(0);
    platform.network.dials = 'accept';
    const after = page(platform, { queueing: true, outbox: new MemoryOutbox(disk) });
    after.chat.connect('c1');
    await platform.until(() => before.server.log.length === 2);
    after.chat.sendMessage('new');
    await platform.until(() => after.chat.getUnconfirmed().length === 0);
    await platform.advance(10);
    expect(before.server.texts).toEqual(['stored, and not confirmed', 'waits', 'new']);
    expect(disk.entries).toEqual([]);
  });

  it('fault_48_what_is_kept_for_another_conversation_waits_until_that_one_is_connected', async () => {
    const platform = virtualPlatform();
    const disk = new MemoryDisk();
    const other = new ConversationServer(platform, 'ws://host/ws/chat/c2/');
    const { server, chat } = stage({ queueing: true, outbox: new MemoryOutbox(disk) }, platform);
    platform.network.dials = 'refuse';
    chat.connect('c2');
    chat.sendMessage('for the other');
    await platform.advance(10);
    platform.network.dials = 'accept';
    chat.connect('c1');
    await platform.until(() => chat.isConnected);
    await platform.advance(100);
    expect([server.received, other.received, disk.entries.length]).toEqual([[], [], 1]);
    chat.connect('c2');
    await platform.until(() => other.log.length === 1);
    await platform.advance(100);
    expect([other.texts, disk.entries]).toEqual([['for the other'], []]);
  });
});
