import { afterEach, describe, expect, test } from 'vitest';
import { EverlinkClient, indexedDbCursors, indexedDbOutbox, type Ticket } from '../../src/index.js';
import { EverlinkServer, type VirtualPlatform, virtualPlatform } from '../../src/testing.js';
import { Browser, type Page } from '../support/pages.js';

const URL = 'wss://chat.test/ws';
let browser = new Browser();
afterEach(() => {
  browser.killAll();
  browser = new Browser();
});

/** Times on the wire are whole milliseconds. */
function makeWorld(): VirtualPlatform {
  const world = virtualPlatform();
  const { wallClock } = world;
  return Object.assign(world, { wallClock: () => Math.floor(wallClock()) });
}

/** A page with a client that keeps what it does; `kill` ends both. */
function open(world: VirtualPlatform): { client: EverlinkClient; page: Page; kill(): Promise<void> } {
  const page = browser.page();
  const { environment } = page;
  const sockets: { cut(): void }[] = [];
  const platform = {
    ...world,
    openSocket: (url: string, protocols: readonly string[]) => {
      const socket = world.openSocket(url, protocols);
      sockets.push(socket as unknown as { cut(): void });
      return socket;
    },
  };
  const client = new EverlinkClient(URL, {
    outbox: indexedDbOutbox('chat', {}, { environment }),
    cursors: indexedDbCursors('chat', { environment }),
    platform,
  });
  const kill = async () => {
    page.kill();
    for (const socket of sockets) {
      socket.cut();
    }
    await client.close().catch(() => undefined);
  };
  return { client, page, kill };
}

/** Lets virtual time and the database's own events pass. */
async function until(world: VirtualPlatform, holds: () => boolean): Promise<void> {
  for (let at = 0; at < 20_000; at += 1) {
    if (holds()) {
      return;
    }
    await world.advance(10);
  }
  throw new Error(`it did not happen: ${holds.toString()}`);
}

describe('a client with stores in IndexedDB', () => {
  test('req_c10_req_n01_what_was_published_in_an_outage_survives_the_page_and_is_stored_once', async () => {
    const world = makeWorld();
    const server = new EverlinkServer(world, URL);
    server.stop();
    const first = open(world);
    void first.client.connect().catch(() => undefined);
    const tickets: Ticket[] = [];
    for (let at = 1; at <= 50; at += 1) {
      tickets.push(first.client.publish('room/1', `m${at}`));
    }
    let stored = 0;
    for (const ticket of tickets) {
      void ticket.stored.then(() => (stored += 1));
    }
    await until(world, () => stored === 50);
    await first.kill();
    server.start();
    const second = open(world);
    void second.client.connect();
    second.client.publish('room/1', 'of the next page');
    await until(world, () => server.payloads('room/1').length === 51);
    const old = server.log('room/1').messages.filter(({ payload }) => payload !== 'of the next page');
    expect(old.map(({ payload }) => payload)).toEqual(Array.from({ length: 50 }, (_, at) => `m${at + 1}`));
    expect(new Set(old.map(({ producer }) => producer)).size).toBe(1);
    await second.kill();
    const third = open(world);
    void third.client.connect();
    await until(world, () => third.client.state === 'connected');
    await world.advance(5_000);
    expect(server.payloads('room/1')).toHaveLength(51);
    await third.kill();
  });

  test('fault_48_a_page_that_lives_takes_over_what_a_killed_one_left_and_doubles_nothing', async () => {
    const world = makeWorld();
    const server = new EverlinkServer(world, URL);
    const pages = [open(world), open(world)];
    for (const { client } of pages) {
      void client.connect();
    }
    await until(world, () => pages.every(({ client }) => client.state === 'connected'));
    world.network.freeze(); // On its way, and not acknowledged.
    const ticket = pages[0]?.client.publish('room/1', 'left');
    let isStored = false;
    void ticket?.stored.then(() => (isStored = true));
    await until(world, () => isStored);
    await pages[0]?.kill();
    world.network.thaw();
    await until(world, () => server.payloads('room/1').length === 1);
    await world.advance(60_000);
    expect(server.payloads('room/1')).toEqual(['left']);
    await pages[1]?.kill();
  });

  test('req_n01_a_reader_goes_on_where_the_page_before_it_was', async () => {
    const world = makeWorld();
    const server = new EverlinkServer(world, URL);
    const read: unknown[] = [];
    const reading = ({ client }: ReturnType<typeof open>) =>
      client.channel('room/1').onItem((item) => item.type === 'message' && read.push(item.payload));
    const first = open(world);
    void first.client.connect();
    reading(first);
    await until(world, () => first.client.state === 'connected');
    server.publish('room/1', 1);
    server.publish('room/1', 2);
    await until(world, () => read.length === 2);
    for (let at = 0; at < 50; at += 1) {
      await world.advance(10); // The database's own events need turns of the loop.
    }
    await first.kill();
    server.publish('room/1', 3);
    const second = open(world);
    void second.client.connect();
    reading(second);
    server.publish('room/1', 4);
    await until(world, () => read.length === 4);
    expect(read).toEqual([1, 2, 3, 4]);
    await second.kill();
  });
});
