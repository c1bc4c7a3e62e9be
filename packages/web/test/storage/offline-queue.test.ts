import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ConnectionSnapshot, ConnectionSource } from '../../src/api.js';
import {
  type OfflineMessage,
  OfflineQueue,
  type OfflineQueueOptions,
  OfflineRefusal,
  restSend,
  type StorageError,
} from '../../src/storage/index.js';
import { Browser, type Page } from '../support/pages.js';
import { rejection, until } from '../support/waiting.js';

let browser = new Browser();
const reports: StorageError[] = [];
const servers: Server[] = [];
afterEach(() => {
  browser.killAll();
  browser = new Browser();
  reports.length = 0;
  for (const server of servers.splice(0)) {
    server.close();
  }
});

function queueOf(page: Page, options: OfflineQueueOptions = {}): OfflineQueue {
  return new OfflineQueue({
    environment: page.environment,
    onError: (error) => page.isAlive && reports.push(error),
    ...options,
  });
}

const text = (conversationId: string, plaintext: string) => ({ conversationId, userId: 'ann', plaintext });

/** A server that stores each id once, and fails as it is told. */
class Peer {
  readonly stored: OfflineMessage[] = [];
  copies = 0;
  /** Says what becomes of a message: `lost` is stored, and the answer gets lost. */
  fate: (message: OfflineMessage) => 'ok' | 'down' | 'lost' | 'refused' = () => 'ok';

  readonly send = async (message: OfflineMessage): Promise<void> => {
    const fate = this.fate(message);
    if (fate === 'down') {
      throw new Error('no connection');
    }
    if (fate === 'refused') {
      throw new OfflineRefusal(413, 'too large');
    }
    if (this.stored.some(({ id }) => id === message.id)) {
      this.copies += 1;
    } else {
      this.stored.push(message);
    }
    if (fate === 'lost') {
      throw new Error('the answer got lost');
    }
  };

  get said(): string[] {
    return this.stored.map(({ plaintext }) => plaintext);
  }
}

describe('req_m06 an offline queue', () => {
  test('req_m06_what_was_enqueued_survives_the_page_and_is_delivered_in_order', async () => {
    const page = browser.page();
    const queue = queueOf(page);
    const ids = [
      await queue.enqueue(text('a', 'one')),
      await queue.enqueue(text('b', 'two')),
      await queue.enqueue(text('a', 'three')),
    ];
    page.kill();
    const next = queueOf(browser.page());
    expect(await next.size()).toBe(3);
    expect((await next.list()).map(({ id }) => id)).toEqual(ids);
    const peer = new Peer();
    expect(await next.drain(peer.send)).toEqual({
      delivered: 3,
      refused: 0,
      failed: new Map(),
      complete: true,
    });
    expect(peer.said).toEqual(['one', 'two', 'three']);
    expect(await next.size()).toBe(0);
  });

  test('req_m06_a_message_stays_until_the_server_confirmed_it_and_is_stored_once', async () => {
    const queue = queueOf(browser.page());
    await queue.enqueue(text('a', 'one'));
    await queue.enqueue(text('a', 'two'));
    const peer = new Peer();
    peer.fate = () => 'lost';
    const result = await queue.drain(peer.send);
    expect([result.delivered, [...result.failed.keys()], await queue.size()]).toEqual([0, ['a'], 2]);
    peer.fate = () => 'ok';
    await queue.drain(peer.send);
    expect([peer.said, peer.copies, await queue.size()]).toEqual([['one', 'two'], 1, 0]);
  });

  test('a_conversation_that_fails_keeps_its_order_and_no_other_back', async () => {
    const queue = queueOf(browser.page());
    for (const [conversation, plaintext] of [
      ['a', 'a1'],
      ['b', 'b1'],
      ['a', 'a2'],
      ['b', 'b2'],
    ] as const) {
      await queue.enqueue(text(conversation, plaintext));
    }
    const peer = new Peer();
    peer.fate = ({ plaintext }) => (plaintext === 'a1' ? 'down' : 'ok');
    await queue.drain(peer.send);
    expect(peer.said).toEqual(['b1', 'b2']);
    peer.fate = () => 'ok';
    await queue.drain(peer.send);
    expect(peer.said).toEqual(['b1', 'b2', 'a1', 'a2']);
  });

  test('fault_59_a_page_killed_between_the_answer_and_the_removal_doubles_nothing', async () => {
    const page = browser.page();
    const queue = queueOf(page);
    for (let at = 1; at <= 3; at += 1) {
      await queue.enqueue(text('a', `m-${at}`));
    }
    const peer = new Peer();
    const killing = async (message: OfflineMessage) => {
      await peer.send(message);
      page.kill(); // Its removal is never written.
    };
    await rejection(queue.drain(killing));
    const next = queueOf(browser.page());
    await next.drain(peer.send);
    expect([peer.said, peer.copies]).toEqual([['m-1', 'm-2', 'm-3'], 1]);
  });

  test('a_message_that_is_refused_is_told_and_kept_and_sent_again_when_asked', async () => {
    const told: OfflineMessage[] = [];
    const queue = queueOf(browser.page(), { onRefused: (message) => told.push(message) });
    const id = await queue.enqueue(text('a', 'big'));
    await queue.enqueue(text('a', 'small'));
    const peer = new Peer();
    peer.fate = ({ plaintext }) => (plaintext === 'big' ? 'refused' : 'ok');
    expect(await queue.drain(peer.send)).toMatchObject({ delivered: 1, refused: 1 });
    expect(told.map(({ refused }) => refused)).toEqual([{ status: 413, why: 'too large' }]);
    expect(await queue.drain(peer.send)).toMatchObject({ delivered: 0, refused: 0 });
    expect(await queue.list()).toMatchObject([{ id, refused: { status: 413 } }]);
    peer.fate = () => 'ok';
    await queue.retry(id);
    await queue.drain(peer.send);
    expect([peer.said, await queue.size()]).toEqual([['small', 'big'], 0]);
  });

  test('remove_and_clear_take_out_what_they_name', async () => {
    const queue = queueOf(browser.page(), { limits: { messagesMax: 2 } });
    const id = await queue.enqueue(text('a', 'one'));
    await queue.enqueue(text('a', 'two'));
    expect([await queue.remove('nobody'), await queue.remove(id), await queue.size()]).toEqual([
      false,
      true,
      1,
    ]);
    await queue.enqueue(text('a', 'three'));
    expect(await rejection(queue.enqueue(text('a', 'four')))).toMatchObject({
      problem: 'full',
      fields: { limit: 'messagesMax' },
    });
    expect([await queue.clear(), await queue.size()]).toEqual([2, 0]);
    await queue.enqueue(text('a', 'five'));
  });

  test.each([
    ['conversationId', { conversationId: '' }],
    ['userId', { userId: 7 as never }],
    ['plaintext', { plaintext: undefined as never }],
  ])('what_cannot_be_kept_is_named_%s', async (field, wrong) => {
    const queue = queueOf(browser.page());
    expect(await rejection(queue.enqueue({ ...text('a', 'x'), ...wrong }))).toMatchObject({
      problem: 'invalid',
      fields: { field },
    });
  });

  test('a_broken_message_is_reported_and_skipped', async () => {
    const queue = queueOf(browser.page());
    await queue.enqueue(text('a', 'one'));
    const request = browser.indexedDB.open('everlink:offline:default', 1);
    await until(() => request.readyState === 'done');
    request.result
      .transaction(['messages'], 'readwrite')
      .objectStore('messages')
      .put({ id: 'x', plaintext: 7 }, 9);
    request.result.close();
    const peer = new Peer();
    await queue.drain(peer.send);
    expect([peer.said, (await queue.list()).length]).toEqual([['one'], 0]);
    expect(reports.map(({ problem, fields }) => [problem, fields.entry])).toEqual([['damaged', '9']]);
  });
});

describe('an offline queue of several tabs', () => {
  test.each([true, false])(
    'fault_48_tabs_that_deliver_together_double_nothing_with_locks_%s',
    async (locks) => {
      const queues = Array.from({ length: 3 }, () => queueOf(browser.page({ locks })));
      for (let at = 0; at < 60; at += 1) {
        await queues[at % 3]?.enqueue(text(`c-${at % 4}`, `m-${at}`));
      }
      const peer = new Peer();
      const results = await Promise.all(queues.map((queue) => queue.drain(peer.send)));
      expect(results.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(60);
      expect(peer.copies).toBe(0);
      expect(peer.said).toEqual(Array.from({ length: 60 }, (_, at) => `m-${at}`));
    },
  );

  test('fault_43_a_page_that_is_put_away_lets_another_deliver', async () => {
    const [page, other] = [browser.page(), browser.page()];
    const [queue, heir] = [queueOf(page), queueOf(other)];
    await queue.enqueue(text('a', 'one'));
    let isSending = false;
    const stuck = (_: OfflineMessage, signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        isSending = true;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const draining = queue.drain(stuck);
    await until(() => isSending);
    const peer = new Peer();
    const next = heir.drain(peer.send);
    expect(peer.said).toEqual([]);
    page.signal('frozen');
    await draining;
    await next;
    expect(peer.said).toEqual(['one']);
  });

  test('without_locks_the_lease_of_a_killed_page_runs_out', async () => {
    const page = browser.page({ locks: false });
    const queue = queueOf(page);
    await queue.enqueue(text('a', 'one'));
    let isSending = false;
    void queue.drain(() => new Promise(() => (isSending = true))).catch(() => undefined);
    await until(() => isSending);
    page.kill();
    const next = queueOf(browser.page({ locks: false }));
    const peer = new Peer();
    expect(await next.drain(peer.send)).toMatchObject({ complete: false, delivered: 0 });
    browser.clock += 90_001;
    expect(await next.drain(peer.send)).toMatchObject({ complete: true, delivered: 1 });
  });
});

/** A connection that comes and goes as the test says. */
class Link implements ConnectionSource {
  #listeners = new Set<() => void>();
  #isConnected = false;

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  getSnapshot(): ConnectionSnapshot {
    return { isConnected: this.#isConnected } as ConnectionSnapshot;
  }

  reconnect(): void {
    this.set(true);
  }

  set(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

describe('an offline queue that delivers by itself', () => {
  test('req_m06_it_delivers_when_enqueued_when_connected_and_when_the_network_is_back', async () => {
    const page = browser.page();
    const peer = new Peer();
    peer.fate = () => 'down';
    const queue = queueOf(page, { send: peer.send });
    const link = new Link();
    const stop = queue.start(link);
    await queue.enqueue(text('a', 'one'));
    await until(() => page.timers === 1);
    peer.fate = () => 'ok';
    link.set(true);
    await until(() => peer.said.length === 1);
    await queue.enqueue(text('a', 'two'));
    await until(() => peer.said.length === 2);
    peer.fate = () => 'down';
    await queue.enqueue(text('a', 'three'));
    await until(() => page.timers === 1);
    peer.fate = () => 'ok';
    page.signal('online');
    await until(() => peer.said.length === 3);
    stop();
    await queue.close();
    expect([page.timers, reports]).toEqual([0, []]);
  });

  test('after_a_failure_it_tries_again_once_in_a_while_with_one_timer', async () => {
    const page = browser.page();
    const peer = new Peer();
    peer.fate = () => 'down';
    const queue = queueOf(page, { send: peer.send });
    const stop = queue.start();
    await Promise.all([queue.enqueue(text('a', 'one')), queue.enqueue(text('b', 'two'))]);
    await until(() => page.timers === 1);
    peer.fate = () => 'ok';
    browser.advance(30_000);
    await until(() => peer.said.length === 2);
    expect(peer.copies).toBe(0);
    stop();
    expect(page.timers).toBe(0);
  });

  test('nobody_said_how_to_send', async () => {
    expect(await rejection(queueOf(browser.page()).drain())).toMatchObject({ problem: 'invalid' });
  });
});

describe('delivery by REST', () => {
  async function server(
    answer: (request: IncomingMessage, body: string) => [status: number, body: string],
  ): Promise<string> {
    const made = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        const [status, reply] = answer(request, body);
        response.writeHead(status, { 'content-type': 'application/json' }).end(reply);
      });
    });
    servers.push(made);
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
  }

  const message: OfflineMessage = {
    id: 'm-1',
    conversationId: 'room 1/ä',
    userId: 'ann',
    plaintext: 'hi',
    takenAt: 1,
    refused: undefined,
  };
  const { signal } = new AbortController();

  test('req_m06_it_posts_with_the_id_as_idempotency_key_and_the_token', async () => {
    const seen: unknown[] = [];
    const url = await server((request, body) => {
      seen.push(
        request.method,
        request.url,
        request.headers['idempotency-key'],
        request.headers.authorization,
        JSON.parse(body),
      );
      return [201, '{}'];
    });
    await restSend({ url: `${url}/`, token: () => 'secret' })(message, signal);
    const path = `/conversations/${encodeURIComponent('room 1/ä')}/messages`;
    expect(seen).toEqual([
      'POST',
      path,
      'm-1',
      'Bearer secret',
      { id: 'm-1', sender_id: 'ann', plaintext: 'hi' },
    ]);
  });

  test.each([400, 404, 409, 413, 422])('status_%d_is_a_refusal', async (status) => {
    const url = await server(() => [status, JSON.stringify({ title: 'too large', detail: 'at most 1 MiB' })]);
    const error = await rejection(restSend({ url })(message, signal));
    expect(error).toBeInstanceOf(OfflineRefusal);
    expect(error).toMatchObject({ status, message: 'too large: at most 1 MiB' });
  });

  test.each([401, 403, 408, 429, 500, 503])('status_%d_is_tried_again_later', async (status) => {
    const url = await server(() => [status, '<html>']);
    const error = await rejection(restSend({ url })(message, signal));
    expect(error).not.toBeInstanceOf(OfflineRefusal);
    expect(error).toMatchObject({ message: `status ${status}` });
  });

  test('an_answer_that_does_not_come_ends_in_time', async () => {
    const silent = createServer(() => undefined);
    servers.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    expect(await rejection(restSend({ url, timeoutMs: 50 })(message, signal))).toMatchObject({
      name: 'TimeoutError',
    });
    silent.closeAllConnections();
  });
});
