/** The managers of the three systems in a page, with the real server behind a proxy that breaks. */

import { expect } from 'vitest';
import { eventually, numbers, test, until } from '../support/test.js';

test('req_c01_req_c03_req_c04_req_c05_the_managers_of_the_chat_page_tell_messages_and_status_through_a_cut', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((baseUrl) => {
    const options = { baseUrl, reconnectDelay: 50, logger: false } as const;
    const { chat, status } = bench.installGlobals({
      chat: new bench.ChatWebSocketManager(options),
      status: new bench.StatusWebSocketManager(options),
    });
    bench.kept.told = [];
    bench.kept.open = [];
    chat.setOnChatMessageCallback(({ message }) => bench.kept.told.push(message));
    chat.setOnOpenCallback(() => bench.kept.open.push(true));
    chat.setOnCloseCallback(() => bench.kept.open.push(false));
    Object.assign(bench.kept, { chat, status });
    chat.connect('first');
    status.connect('first');
  }, `ws://${link.proxy.address}`);
  await until(page, () => bench.kept.chat.isConnected && bench.kept.status.isConnected);
  expect(await page.evaluate(() => bench.kept.chat.sendMessage('n 1'))).toBe(true);
  await link.server.ask('/conversations/first/status', { type: 'thinking_start' });
  await until(page, () => bench.kept.status.isThinking);
  // Lost: nothing is taken, and nobody is said to think; nobody has to click.
  await link.proxy.down();
  await until(page, () => !bench.kept.chat.isConnected && !bench.kept.status.isConnected);
  expect(
    await page.evaluate(() => [bench.kept.chat.sendMessage('never'), bench.kept.status.isThinking]),
  ).toEqual([false, false]);
  await link.server.ask('/conversations/first/messages', { plaintext: 'n 2', message: 'n 2' });
  await link.proxy.heal();
  await until(page, () => bench.kept.told.length === 2);
  expect(await page.evaluate(() => [bench.kept.told, bench.kept.open])).toEqual([
    ['n 1', 'n 2'],
    [true, false, true],
  ]);
  expect((await link.server.log('first')).length).toBe(2);
});

test('req_c01_req_c08_five_attempts_and_then_it_says_that_it_failed_and_a_switch_leaves_the_old_conversation', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((baseUrl) => {
    const chat = new bench.ChatWebSocketManager({ baseUrl, reconnectDelay: 20, logger: false });
    bench.kept.types = [];
    chat.onMessage(({ type }) => bench.kept.types.push(type));
    bench.kept.chat = chat;
    chat.connect('first');
  }, `ws://${link.proxy.address}`);
  await until(page, () => bench.kept.chat.isConnected);
  await page.evaluate(() => bench.kept.chat.connect('second'));
  await until(page, () => bench.kept.chat.isConnected && bench.kept.chat.currentConvId === 'second');
  await eventually(
    'one connection',
    () => link.server.connections(),
    (count) => count === 1,
  );
  const before = await link.proxy.total();
  await link.proxy.down();
  await until(page, () => bench.kept.types.includes('connection_failed'));
  expect((await link.proxy.total()) - before).toBeLessThanOrEqual(5);
  // After that only a hand brings it back.
  await link.proxy.heal();
  await page.evaluate(() => bench.kept.chat.reconnect());
  await until(page, () => bench.kept.chat.isConnected);
});

test('req_m01_req_m02_req_m07_req_m08_the_messenger_has_every_message_that_was_persisted_while_it_was_away', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.states = [];
    bench.kept.client = new bench.MessengerClient(
      url,
      { onStateChange: (state) => bench.kept.states.push(state) },
      { initialDelayMs: 20, maxDelayMs: 100, maxRetries: Number.POSITIVE_INFINITY, logger: false },
    );
    bench.kept.client.connect();
  }, `ws://${link.proxy.address}/ws?conversation_id=room&user_id=anna`);
  await until(page, () => bench.kept.client.getMetrics().connected);
  const post = (number: number) =>
    link.server.ask('/conversations/room/messages', {
      id: `m${number}`,
      sender_id: 'berta',
      plaintext: `n ${number}`,
    });
  for (const number of numbers(1, 5)) await post(number);
  await until(page, () => bench.kept.client.getMessages().length === 5);
  await link.proxy.down();
  await until(page, () => !bench.kept.client.getMetrics().connected);
  for (const number of numbers(6, 15)) await post(number);
  await page.evaluate(() => bench.kept.client.send('message', { plaintext: 'n 16' }));
  expect(await page.evaluate(() => bench.kept.client.getMetrics().queuedMessages)).toBe(1);
  await link.proxy.heal();
  await until(page, () => bench.kept.client.getMessages().length === 16);
  const sequences: number[] = await page.evaluate(() =>
    bench.kept.client.getMessages().map((message: { sequence_number: number }) => message.sequence_number),
  );
  expect(sequences).toEqual(numbers(1, 16));
  expect((await link.server.log('room')).length).toBe(16);
});

test('req_r01_req_r02_req_r08_rooms_come_back_tell_attempts_and_health_and_double_nothing', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((url) => {
    const manager = new bench.ReconnectionManager({
      baseDelay: 20,
      maxDelay: 100,
      maxAttempts: 1000,
      healthCheckInterval: 200,
    });
    bench.kept.events = [];
    for (const event of ['reconnection_attempt', 'reconnection_success', 'health_check'] as const) {
      manager.on(event, () => bench.kept.events.push(event));
    }
    const rooms = new bench.RoomsClient({ url, manager, userId: 'anna' });
    rooms.joinRoom('general-chat');
    Object.assign(bench.kept, { manager, rooms });
  }, link.url('anna'));
  await until(page, () => bench.kept.rooms.getSnapshot().isConnected);
  for (const round of [0, 1, 2]) {
    await page.evaluate(
      (round) => bench.kept.rooms.sendMessage('general-chat', { text: `before ${round}` }),
      round,
    );
    await link.proxy.reset();
    await page.evaluate(
      (round) => bench.kept.rooms.sendMessage('general-chat', { text: `after ${round}` }),
      round,
    );
    await until(
      page,
      (count) => bench.kept.rooms.getMessages('general-chat').length === count,
      round * 2 + 2,
    );
  }
  const log = await link.server.log('general-chat');
  expect(log.map(({ text }) => text)).toEqual(
    [0, 1, 2].flatMap((round) => [`before ${round}`, `after ${round}`]),
  );
  await until(page, () => bench.kept.events.includes('health_check'));
  const events: string[] = await page.evaluate(() => bench.kept.events);
  expect(events.filter((event) => event === 'reconnection_success').length).toBe(3);
  expect(await page.evaluate(() => bench.kept.manager.getHealth().successRate)).toBeGreaterThan(0);
});
