/** What a page can rely on: strict policies, the place of WebSocket, tokens that expire, listeners that throw. */

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Server } from '../support/server.js';
import { numbers, test, until } from '../support/test.js';

test('a_page_whose_policy_forbids_webassembly_and_eval_runs_the_engine_in_javascript_through_a_cut', async ({
  open,
  link,
  complaints,
}) => {
  const page = await open('strict');
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.reader = bench.read(bench.kept.client, 'room');
    bench.publish(bench.kept.client, 'room', 1, 50);
  }, link.url('anna'));
  await until(page, () => bench.kept.reader.numbers.length > 0);
  await link.proxy.reset();
  await page.evaluate(() => bench.publish(bench.kept.client, 'room', 51, 100));
  await until(page, () => bench.kept.reader.numbers.length === 100);
  expect(await page.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 100));
  expect(complaints).toEqual([]);
});

test('a_page_whose_policy_allows_webassembly_alone_runs_the_engine_in_webassembly', async ({
  open,
  link,
  complaints,
}) => {
  const page = await open('wasm');
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
  }, link.url('anna'));
  await until(page, () => bench.kept.client.state === 'connected');
  expect(complaints).toEqual([]);
});

test('where_webassembly_is_forbidden_the_export_with_it_says_what_to_import_or_why_it_cannot_start', async ({
  open,
  link,
}) => {
  const page = await open('forbidden');
  const said = await page.evaluate(async (url) => {
    try {
      await new bench.EverlinkClient(url).connect();
      return 'it connected';
    } catch (error) {
      return String(error);
    }
  }, link.url('anna'));
  expect(said).toMatch(/no-wasm|WebAssembly|wasm-unsafe-eval/);
});

test('a_socket_in_the_place_of_websocket_keeps_what_is_sent_while_it_is_away', async ({ open, link }) => {
  const page = await open();
  await page.evaluate((url) => {
    const socket = new bench.EverlinkSocket(url, [], { settings: bench.QUICK });
    Object.assign(bench.kept, { socket, opens: 0, texts: [] });
    socket.onopen = () => {
      bench.kept.opens += 1;
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const frame = JSON.parse(data);
      if (frame.type === 'chat_message') bench.kept.texts.push(frame.message);
    };
  }, `ws://${link.proxy.address}/ws/chat/room/`);
  await until(page, () => bench.kept.socket.readyState === 1);
  await link.proxy.down();
  await until(page, () => bench.kept.socket.readyState === 0);
  await page.evaluate(() => {
    for (const at of [1, 2, 3])
      bench.kept.socket.send(JSON.stringify({ type: 'message', message: `n ${at}` }));
  });
  await link.proxy.heal();
  await until(page, () => bench.kept.texts.length === 3);
  expect(await page.evaluate(() => [bench.kept.opens, bench.kept.texts])).toEqual([2, ['n 1', 'n 2', 'n 3']]);
});

test('fault_53_a_listener_that_throws_is_reported_and_harms_nobody_else', async ({ open, link }) => {
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.errors = [];
    bench.kept.client.addEventListener('error', ({ detail }: CustomEvent) =>
      bench.kept.errors.push(String(detail.error)),
    );
    bench.kept.client.addEventListener('connected', () => {
      throw new Error('a listener of the connection');
    });
    bench.kept.client.channel('room', { from: 'beginning' }).onItem(() => {
      throw new Error('a listener of the channel');
    });
    bench.kept.reader = bench.read(bench.kept.client, 'room');
    bench.publish(bench.kept.client, 'room', 1, 10);
  }, link.url('anna'));
  await until(page, () => bench.kept.reader.numbers.length === 10);
  const errors: string[] = await page.evaluate(() => bench.kept.errors);
  expect(errors).toContain('Error: a listener of the connection');
  expect(errors).toContain('Error: a listener of the channel');
  expect(await page.evaluate(() => bench.kept.client.state)).toBe('connected');
});

test('fault_46_a_token_that_expires_is_renewed_ahead_of_time_and_nothing_is_lost', async ({ open }) => {
  const folder = mkdtempSync(join(tmpdir(), 'everlink-'));
  const key = 'a secret of thirty-two bytes, or more';
  writeFileSync(join(folder, 'key'), key);
  const server = await Server.start({ args: ['--jwt-key', join(folder, 'key')] });
  try {
    const page = await open();
    await page.exposeFunction('issue', () => token(key, LIFE_S));
    await page.evaluate((url) => {
      const { issue } = globalThis as unknown as { issue(): Promise<string> };
      bench.kept.asked = 0;
      bench.kept.lost = 0;
      bench.kept.client = bench.connect(url, {
        credentials: async () => {
          bench.kept.asked += 1;
          return { token: await issue() };
        },
      });
      bench.kept.client.addEventListener('disconnected', () => {
        bench.kept.lost += 1;
      });
      bench.kept.reader = bench.read(bench.kept.client, 'room');
      bench.publish(bench.kept.client, 'room', 1, 10);
    }, `ws://${server.address}/ws`);
    await until(page, () => bench.kept.reader.numbers.length === 10);
    // Longer than two tokens live.
    await until(page, () => bench.kept.asked >= 3);
    await page.evaluate(() => bench.publish(bench.kept.client, 'room', 11, 20));
    await until(page, () => bench.kept.reader.numbers.length === 20);
    expect(await page.evaluate(() => [bench.kept.reader.numbers, bench.kept.lost])).toEqual([
      numbers(1, 20),
      0,
    ]);
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true });
  }
});

/** A token that is good for so many seconds (RFC 7519). */
function token(key: string, lifeS: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.ceil(Date.now() / 1000) + lifeS;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'anna', exp, grants: GRANTS })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const LIFE_S = 4;
const GRANTS = [{ channels: '*', ops: ['read', 'publish'] }];

test('req_r04_a_chat_that_opens_together_with_other_channels_shows_what_was_said_before', async ({
  open,
  link,
}) => {
  for (const number of numbers(1, 20)) {
    await link.server.ask('/conversations/room/messages', { sender_id: 'berta', plaintext: `n ${number}` });
  }
  const page = await open();
  await page.evaluate((url) => {
    const client = bench.connect(url);
    for (const name of ['room', 'second', 'third']) client.channel(name, { from: 'now' });
    bench.showChat(client, 'room', 'anna', { from: 'now' });
  }, link.url('anna'));
  await until(page, () => bench.shownNumbers().length === 20);
  expect(await page.evaluate(() => bench.shownNumbers())).toEqual(numbers(1, 20));
});
