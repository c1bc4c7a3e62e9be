/** Reading channels: loops, listeners, cursors, slow readers. */

import { describe, expect, it } from 'vitest';
import type { ChannelItem, HistoryPage } from '../api.js';
import { HistoryError } from '../index.js';
import { MemoryCursors, MemoryDisk, settled } from '../testing.js';
import { collect, connect, events, makeClient, payloads, setup } from './test-setup.js';

const types = (items: readonly ChannelItem[]): string[] => items.map(({ type }) => type);

describe('a channel', () => {
  it('brings what was stored before, says that it has caught up, and goes on live', async () => {
    const all = setup();
    const { platform, client, server } = all;
    server.publish('room', 'old');
    await connect(all);
    const items = collect(client.channel('room', { from: 'beginning' }));
    await platform.advance(100);
    server.publish('room', 'new');
    await platform.advance(100);
    expect(types(items)).toEqual(['message', 'caughtUp', 'message']);
    expect(items[0]).toMatchObject({
      offset: 1,
      epoch: 1,
      replayed: true,
      own: false,
      user: 'somebody',
      id: 'outside/1',
    });
    expect(items[1]).toEqual({ type: 'caughtUp', channel: 'room', head: 1 });
    expect(items[2]).toMatchObject({ offset: 2, replayed: false });
  });

  it('begins now by default, and before that where it is told to', async () => {
    const all = setup();
    const { platform, client, server } = all;
    for (const value of [1, 2, 3]) server.publish('room', value);
    await connect(all);
    const items = collect(client.channel('room'));
    const behind = collect(client.channel('other', { from: { epoch: 1, offset: 2 } }));
    for (const value of [1, 2, 3]) server.publish('other', value);
    await platform.advance(100);
    server.publish('room', 4);
    await platform.advance(100);
    expect(payloads(items)).toEqual([4]);
    expect(payloads(behind)).toEqual([3]);
  });

  it('can be asked for before the connection stands, in numbers that no greeting holds', async () => {
    const all = setup();
    const { platform, client, server } = all;
    const names = Array.from({ length: 700 }, (_, at) => `channel number ${at} ${'x'.repeat(60)}`);
    const items = names.map((name) => collect(client.channel(name, { from: 'beginning' })));
    await connect(all);
    for (const name of names) server.publish(name, name);
    await platform.until(() => items.every((ofOne) => payloads(ofOne).length === 1));
    expect(items.map((ofOne) => payloads(ofOne)[0])).toEqual(names);
  });

  it('is a loop too, and ends with close()', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const channel = client.channel<number>('room', { from: 'beginning' });
    const seen: number[] = [];
    const loop = (async () => {
      for await (const item of channel) {
        if (item.type === 'message') seen.push(item.payload);
      }
      return 'over';
    })();
    for (const value of [1, 2, 3]) server.publish('room', value);
    await platform.until(() => seen.length === 3);
    channel.close();
    expect(await loop).toBe('over');
    server.publish('room', 4);
    await platform.advance(1000);
    expect(seen).toEqual([1, 2, 3]);
    expect(server.connections[0]?.channels.size).toBe(0);
  });

  it('ends with its signal, and with the client', async () => {
    const all = setup();
    const { platform, client } = all;
    await connect(all);
    const abort = new AbortController();
    const loops = [client.channel('a', { signal: abort.signal }), client.channel('b')].map(
      async (channel) => {
        for await (const item of channel) void item;
        return 'over';
      },
    );
    abort.abort();
    expect(await loops[0]).toBe('over');
    void client.close();
    await platform.advance(2000);
    expect(await loops[1]).toBe('over');
  });

  it('fault_47_a refusal is told, and leaves the rest alone', async () => {
    const all = setup(
      {},
      { refuse: (channel) => (channel === 'secret' ? { code: 4403, why: 'not permitted' } : undefined) },
    );
    const { platform, client, server } = all;
    await connect(all);
    const refused = collect(client.channel('secret'));
    const items = collect(client.channel('room', { from: 'beginning' }));
    const ticket = client.publish('secret', 1);
    server.publish('room', 1);
    await platform.advance(1000);
    expect(refused).toEqual([{ type: 'refused', channel: 'secret', code: 4403, why: 'not permitted' }]);
    expect(payloads(items)).toEqual([1]);
    expect(await ticket.settled).toEqual({ status: 'dropped', reason: 'refused', code: 4403 });
    expect(client.state).toBe('connected');
  });

  it('says values beside the log, and tells the last of each kind again', async () => {
    const all = setup();
    const { platform, client, server } = all;
    server.retain('room', 'status', 'thinking');
    const other = makeClient(platform);
    await connect(all);
    await connect({ platform, client: other });
    const channel = client.channel('room');
    const items = collect(channel);
    await platform.advance(100);
    expect(other.channel('room').volatile('typing', true)).toBe(true);
    await platform.advance(100);
    expect(items.filter(({ type }) => type === 'volatile' || type === 'retained')).toEqual([
      { type: 'retained', channel: 'room', key: 'status', version: 1, payload: 'thinking' },
      { type: 'volatile', channel: 'room', key: 'typing', user: undefined, payload: true },
    ]);
    expect(channel.retained('status')?.payload).toBe('thinking');
    const later = collect(client.channel('room'));
    await settled();
    expect(types(later)).toEqual(['retained', 'caughtUp']);
    server.stop();
    await settled();
    expect(channel.volatile('typing', true)).toBe(false);
  });

  it('each reader gets each item, and the last one that goes gives the channel up', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const channels = [client.channel('room'), client.channel('room')];
    const items = channels.map((channel) => collect(channel));
    await platform.advance(100);
    server.publish('room', 1);
    await platform.advance(100);
    expect(items.map((ofOne) => payloads(ofOne))).toEqual([[1], [1]]);
    channels[0]?.close();
    server.publish('room', 2);
    await platform.advance(100);
    expect(items.map((ofOne) => payloads(ofOne))).toEqual([[1], [1, 2]]);
    channels[1]?.close();
    await platform.advance(100);
    expect(server.connections[0]?.channels.size).toBe(0);
    const again = collect(client.channel('room', { from: 'beginning' }));
    await platform.advance(100);
    expect(payloads(again)).toEqual([1, 2]);
  });

  it('fault_52_a slow reader loses nothing, holds nobody up, and keeps no more than it may', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const slow = client.channel<number>('slow', { from: 'beginning', itemsMax: 8 })[Symbol.asyncIterator]();
    const quick = collect(client.channel('quick', { from: 'beginning' }));
    const first = slow.next();
    await platform.advance(100);
    for (let value = 1; value <= 100; value += 1) {
      server.publish('slow', value);
      server.publish('quick', value);
      await platform.advance(5);
    }
    expect(payloads(quick).length).toBe(100);
    // The server was asked to stop.
    expect(server.connections[0]?.channels.has('slow')).toBe(false);
    await platform.advance(60_000);
    expect(client.state).toBe('connected');
    const seen: number[] = [];
    let next = first;
    for (let item = 0; item < 200 && seen.length < 100; item += 1) {
      let value: ChannelItem<number> | undefined;
      void next.then((result) => (value = result.value as ChannelItem<number>));
      await platform.until(() => value !== undefined);
      if (value?.type === 'message') seen.push(value.payload);
      next = slow.next();
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  it('fault_53_a listener that throws harms no other, and not the connection', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const errors = events(client, 'error');
    const channel = client.channel('room', { from: 'beginning' });
    channel.onItem(() => {
      throw new Error('mine');
    });
    const items = collect(channel);
    client.addEventListener('healthcheck', () => {
      throw new Error('mine too');
    });
    server.publish('room', 1);
    server.publish('room', 2);
    await platform.advance(25_000);
    expect(payloads(items)).toEqual([1, 2]);
    expect(client.state).toBe('connected');
    expect(errors.map(({ where }) => where)).toContain('listener of room');
    expect(errors.map(({ where }) => where)).toContain('listener of healthcheck');
  });

  it('a listener of errors that throws is not told of its own error', async () => {
    const all = setup({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const { platform, client, server } = all;
    await connect(all);
    let calls = 0;
    client.addEventListener('error', () => {
      calls += 1;
      throw new Error('and this');
    });
    client.channel('room').onItem(() => {
      throw new Error('mine');
    });
    await platform.advance(100);
    server.publish('room', 1);
    await platform.advance(100);
    // Caught up, and the message.
    expect(calls).toBe(2);
  });

  it('a listener may publish, close and open from within', async () => {
    const all = setup();
    const { platform, client, server } = all;
    await connect(all);
    const channel = client.channel<number>('room', { from: 'beginning' });
    const seen: number[] = [];
    channel.onItem((item) => {
      if (item.type !== 'message') return;
      seen.push(item.payload);
      if (item.payload < 5) client.publish('room', item.payload + 1);
      else channel.close();
    });
    client.publish('room', 1);
    await platform.until(() => seen.length === 5);
    await platform.advance(100);
    expect(server.payloads('room')).toEqual([1, 2, 3, 4, 5]);
    expect(server.connections[0]?.channels.size).toBe(0);
  });
});

describe('cursors', () => {
  it('fault_54_the next page goes on behind what was handled, and what was not comes again under the same name', async () => {
    const disk = new MemoryDisk();
    const all = setup({ cursors: new MemoryCursors(disk) });
    const { platform, client, server } = all;
    await connect(all);
    const channel = client.channel('room', { from: 'beginning', ack: 'manual' });
    const items = collect(channel);
    for (const value of [1, 2, 3]) server.publish('room', value);
    await platform.until(() => payloads(items).length === 3);
    const messages = items.filter((item) => item.type === 'message');
    messages[1]?.ack();
    expect(channel.cursor).toEqual({ epoch: 1, offset: 2 });
    platform.network.cut();
    await client[Symbol.asyncDispose]();
    const next = makeClient(platform, { cursors: new MemoryCursors(disk) });
    await connect({ platform, client: next });
    const again = collect(next.channel('room'));
    await platform.until(() => payloads(again).length === 1);
    expect(again[0]).toMatchObject({ offset: 3, id: messages[2]?.id, payload: 3 });
  });

  it('what begins now is not handled yet: a page that crashes at once misses nothing', async () => {
    const disk = new MemoryDisk();
    const all = setup({ cursors: new MemoryCursors(disk) });
    const { platform, client, server } = all;
    server.publish('room', 'old');
    await connect(all);
    client.channel('room');
    await platform.advance(100);
    expect(disk.cursors.get('room')).toEqual({ epoch: 1, offset: 1 });
    platform.network.cut();
    await client[Symbol.asyncDispose]();
    server.publish('room', 'meanwhile');
    const next = makeClient(platform, { cursors: new MemoryCursors(disk) });
    await connect({ platform, client: next });
    const items = collect(next.channel('room'));
    await platform.until(() => payloads(items).length === 1);
    expect(payloads(items)).toEqual(['meanwhile']);
  });

  it('of several readers the slowest counts', async () => {
    const disk = new MemoryDisk();
    const all = setup({ cursors: new MemoryCursors(disk) });
    const { platform, client, server } = all;
    await connect(all);
    collect(client.channel('room', { from: 'beginning' }));
    const slow = client.channel('room', { ack: 'manual' });
    const items = collect(slow);
    await platform.advance(100);
    for (const value of [1, 2, 3]) server.publish('room', value);
    await platform.until(() => payloads(items).length === 3);
    expect(disk.cursors.get('room')?.offset ?? 0).toBe(0);
    for (const item of items) if (item.type === 'message' && item.offset === 2) item.ack();
    expect(disk.cursors.get('room')).toEqual({ epoch: 1, offset: 2 });
    slow.close();
    expect(disk.cursors.get('room')).toEqual({ epoch: 1, offset: 3 });
  });

  it('a loop has handled an item when it asks for the next one', async () => {
    const disk = new MemoryDisk();
    const all = setup({ cursors: new MemoryCursors(disk) });
    const { platform, client, server } = all;
    await connect(all);
    const loop = client.channel('room', { from: 'beginning' })[Symbol.asyncIterator]();
    for (const value of [1, 2]) server.publish('room', value);
    await platform.advance(100);
    expect((await loop.next()).value).toMatchObject({ type: 'message', offset: 1 });
    expect(disk.cursors.get('room')?.offset).toBe(0);
    expect((await loop.next()).value).toMatchObject({ offset: 2 });
    expect(disk.cursors.get('room')).toEqual({ epoch: 1, offset: 1 });
    await loop.return?.();
    expect(disk.cursors.get('room')).toEqual({ epoch: 1, offset: 1 });
  });
});

describe('history', () => {
  it('comes in pages', async () => {
    const all = setup();
    const { platform, client, server } = all;
    for (let value = 1; value <= 7; value += 1) server.publish('room', value);
    await connect(all);
    const seen: unknown[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const asked: Promise<HistoryPage> = client.history('room', { after, limit: 3 });
      await platform.advance(10);
      const page: HistoryPage = await asked;
      seen.push(...page.messages.map(({ payload }) => payload));
      expect(page).toMatchObject({ epoch: 1, first: 1, head: 7 });
      after = page.next;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('fails with its connection, with a refusal, and with its signal, rather than hang', async () => {
    const all = setup(
      {},
      { refuse: (channel) => (channel === 'secret' ? { code: 4403, why: 'no' } : undefined) },
    );
    const { platform, client } = all;
    await connect(all);
    const fails = async (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: unknown) => error);
    const refused = fails(client.history('secret'));
    await platform.advance(10);
    expect(await refused).toMatchObject({ reason: 'refused', code: 4403 });
    const abort = new AbortController();
    const aborted = fails(client.history('room', { signal: abort.signal }));
    abort.abort('enough');
    expect(await aborted).toBe('enough');
    const lost = fails(client.history('room'));
    platform.network.cut();
    const error = await lost;
    expect(error).toBeInstanceOf(HistoryError);
    expect(error).toMatchObject({ reason: 'lost' });
    expect(await fails(client.history('room', { limit: 257 }))).toMatchObject({ key: 'limit' });
  });
});

describe('a reader that comes later', () => {
  it('is filled up from where it begins, and goes on live with the others', async () => {
    const all = setup();
    const { platform, client, server } = all;
    for (let value = 1; value <= 600; value += 1) server.publish('room', value);
    await connect(all);
    const first = collect(client.channel('room'));
    await platform.advance(100);
    const late = collect(client.channel('room', { from: 'beginning' }));
    for (let value = 601; value <= 620; value += 1) {
      server.publish('room', value);
      await platform.advance(1);
      if (value === 605) platform.network.cut();
    }
    await platform.until(() => payloads(late).length === 620);
    server.publish('room', 621);
    await platform.advance(100);
    expect(payloads(late)).toEqual(Array.from({ length: 621 }, (_, at) => at + 1));
    expect(payloads(first)).toEqual(Array.from({ length: 21 }, (_, at) => at + 601));
    expect(types(late).filter((type) => type !== 'message')).toContain('caughtUp');
  });

  it('takes no more pages than it has room for', async () => {
    const all = setup();
    const { platform, client, server } = all;
    for (let value = 1; value <= 1000; value += 1) server.publish('room', value);
    await connect(all);
    collect(client.channel('room'));
    await platform.advance(100);
    const loop = client.channel<number>('room', { from: 'beginning', itemsMax: 10 })[Symbol.asyncIterator]();
    await platform.advance(10_000);
    const reads = () => server.connections[0]?.said.filter(({ type }) => type === 'read').length;
    expect(reads()).toBe(1);
    const seen: number[] = [];
    for (let item = 0; item < 1100 && seen.length < 1000; item += 1) {
      let value: ChannelItem<number> | undefined;
      void loop.next().then((result) => (value = result.value as ChannelItem<number>));
      await platform.until(() => value !== undefined);
      if (value?.type === 'message') seen.push(value.payload);
    }
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
  });
});
