/** Publishes that survive the page. */

import { describe, expect, it } from 'vitest';
import { MemoryDisk, MemoryOutbox, settled } from '../testing.js';
import { back, connect, events, makeClient, setup } from './test-setup.js';

/** An outbox whose second write fails. */
function failing(disk: MemoryDisk, error: Error): MemoryOutbox {
  const outbox = new MemoryOutbox(disk);
  const put = outbox.put.bind(outbox);
  let turn = 0;
  outbox.put = async (entries) => {
    turn += 1;
    if (turn === 2) throw error;
    await put(entries);
  };
  return outbox;
}

describe('a durable outbox', () => {
  it('keeps what is not acknowledged, and nothing else', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: new MemoryOutbox(disk) });
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    const ticket = client.publish('room', { text: 'hi' });
    await ticket.stored;
    expect(disk.entries).toMatchObject([{ channel: 'room', sequence: 1, payload: { text: 'hi' } }]);
    server.start();
    await back(all);
    await platform.until(() => ticket.status === 'acked');
    await settled();
    expect(disk.entries).toEqual([]);
    expect(server.payloads('room')).toEqual([{ text: 'hi' }]);
  });

  it('req_n01_fault_48_the next page sends what a crashed one left, under its old numbers, once and first', async () => {
    const disk = new MemoryDisk();
    const outbox = new MemoryOutbox(disk);
    const all = setup({ outbox });
    const { platform, client, server } = all;
    platform.network.latencyMs = 50;
    await connect(all);
    client.publish('room', 1);
    client.publish('room', 2);
    await platform.until(() => server.payloads('room').length === 2);
    // Stored by the server, not yet acknowledged to us; and two more that never leave.
    platform.network.cut();
    server.stop();
    client.publish('room', 3);
    await client.publish('room', 4).stored;
    expect(disk.entries.length).toBe(4);
    (client as unknown as { core: { driver: { free(): void } } }).core.driver.free();
    outbox.crash();
    server.start();
    const next = makeClient(platform, { outbox: new MemoryOutbox(disk) });
    await connect({ platform, client: next });
    const fresh = next.publish('room', 5);
    await platform.until(() => fresh.status === 'acked');
    await platform.advance(1000);
    expect(server.payloads('room')).toEqual([1, 2, 3, 4, 5]);
    const producers = new Set(server.log('room').messages.map(({ producer }) => producer));
    expect(producers.size).toBe(2);
    expect(disk.entries).toEqual([]);
  });

  it('fault_58 what the disk does not take goes out from memory, in the order of publish(), and it is told', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: failing(disk, new Error('quota')) });
    const { platform, client, server } = all;
    await connect(all);
    const errors = events(client, 'error');
    const tickets = [client.publish('room', 1)];
    await tickets[0]?.stored;
    const unstored = client.publish('room', 2);
    await expect(unstored.stored).rejects.toThrow('quota');
    tickets.push(unstored, client.publish('room', 3));
    await platform.until(() => tickets.every(({ status }) => status === 'acked'));
    expect(server.payloads('room')).toEqual([1, 2, 3]);
    expect(errors).toMatchObject([{ where: 'outbox' }]);
    await settled();
    expect(disk.entries).toEqual([]);
  });

  it('fault_58 in an outage memory holds what the engine has room for, and the rest is told as dropped', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: failing(disk, new Error('quota')), settings: { queueMessagesMax: 3 } });
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    await client.publish('room', 1).stored;
    const tickets = [2, 3, 4, 5].map((number) => client.publish('room', number));
    await settled();
    expect(tickets.map(({ status }) => status)).toEqual(['queued', 'queued', 'dropped', 'dropped']);
    expect(await tickets[3]?.settled).toMatchObject({ reason: 'queue_full' });
    const last = client.publish('room', 6);
    server.start();
    await back(all);
    await platform.until(() => last.status === 'acked');
    expect(server.payloads('room')).toEqual([1, 2, 3, 6]);
    await settled();
    expect(disk.entries).toEqual([]);
  });

  it('fault_37 what the store refuses by its own bound is dropped, and numbers go on without it', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: failing(disk, Object.assign(new Error('too many'), { problem: 'full' })) });
    const { platform, client, server } = all;
    await connect(all);
    const errors = events(client, 'error');
    await client.publish('room', 1).stored;
    const failed = client.publish('room', 2);
    await expect(failed.stored).rejects.toThrow('too many');
    expect(await failed.settled).toMatchObject({ status: 'dropped', reason: 'queue_full' });
    const last = client.publish('room', 3);
    await platform.until(() => last.status === 'acked');
    expect(server.payloads('room')).toEqual([1, 3]);
    expect(errors).toMatchObject([{ where: 'outbox' }]);
    expect(client.state).toBe('connected');
  });

  it('a message is withdrawn while it waits for the disk', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: new MemoryOutbox(disk) });
    const { platform, client, server } = all;
    await connect(all);
    const abort = new AbortController();
    const ticket = client.publish('room', 1, { signal: abort.signal });
    abort.abort();
    const next = client.publish('room', 2);
    await platform.until(() => next.status === 'acked');
    expect(await ticket.settled).toMatchObject({ reason: 'withdrawn' });
    expect(server.payloads('room')).toEqual([2]);
    await settled();
    expect(disk.entries).toEqual([]);
  });

  it('a message that waits in the outbox is withdrawn, and leaves the disk; one that was sent goes its way', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: new MemoryOutbox(disk) });
    const { platform, client, server } = all;
    platform.network.latencyMs = 50;
    await connect(all);
    const abort = new AbortController();
    const { signal } = abort;
    const sent = client.publish('room', 1, { signal });
    await platform.until(() => sent.status === 'sent');
    platform.network.cut();
    server.stop();
    await settled();
    const waiting = [2, 3].map((number) => client.publish('room', number, { signal }));
    await Promise.all(waiting.map(({ stored }) => stored));
    const kept = client.publish('room', 4);
    await kept.stored;
    expect(disk.entries.length).toBe(4);
    abort.abort();
    expect(waiting.map(({ status }) => status)).toEqual(['dropped', 'dropped']);
    expect(await waiting[0]?.settled).toMatchObject({ reason: 'withdrawn' });
    await settled();
    expect(disk.entries.map(({ sequence }) => sequence)).toEqual([1, 4]);
    server.start();
    await back(all);
    await platform.until(() => kept.status === 'acked');
    expect(sent.status).toBe('acked');
    expect(server.payloads('room')).toEqual([1, 4]);
  });

  it('more than the engine holds waits on disk, and goes when there is room', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: new MemoryOutbox(disk), settings: { queueMessagesMax: 4 } });
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    const tickets = Array.from({ length: 50 }, (_, at) => client.publish('room', at + 1));
    await settled();
    expect(tickets.every(({ status }) => status === 'queued')).toBe(true);
    server.start();
    await back(all);
    await platform.until(() => tickets.every(({ status }) => status === 'acked'));
    expect(server.payloads('room')).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  it('close() leaves what is not acknowledged for the next connection, under another producer', async () => {
    const disk = new MemoryDisk();
    const all = setup({ outbox: new MemoryOutbox(disk) });
    const { platform, client, server } = all;
    await connect(all);
    server.stop();
    await settled();
    const ticket = client.publish('room', 1);
    await ticket.stored;
    const closed = client.close();
    await platform.advance(2000);
    await closed;
    expect(await ticket.settled).toMatchObject({ status: 'dropped', reason: 'cleared' });
    expect(disk.entries.length).toBe(1);
    server.start();
    await connect(all);
    client.publish('room', 2);
    await platform.until(() => server.payloads('room').length === 2);
    await platform.advance(100);
    expect(server.payloads('room')).toEqual([1, 2]);
    expect(disk.entries).toEqual([]);
  });
});
