import { describe, expect, test } from 'vitest';
import type { Channel, ChannelItem, Settlement, Ticket } from '../../src/api.js';
import { createSharedClient } from '../../src/tabs/index.js';
import { type Tab, TabBrowser, URL } from '../support/tab-browser.js';

/** A tab that reads a channel, and what it has read. */
class Reader {
  readonly read: unknown[] = [];
  readonly items: ChannelItem[] = [];
  readonly channel: Channel;

  constructor(
    readonly tab: Tab,
    name = 'room/1',
  ) {
    this.channel = tab.client.channel(name, { from: 'now' });
    this.channel.onItem((item) => {
      this.items.push(item);
      if (item.type === 'message') {
        this.read.push(item.payload);
      }
    });
  }
}

async function connected(browser: TabBrowser, count: number): Promise<Reader[]> {
  const readers: Reader[] = [];
  for (let at = 0; at < count; at += 1) {
    const reader = new Reader(browser.tab());
    readers.push(reader);
    void reader.tab.client.connect().catch(() => undefined);
    await browser.world.until(() => reader.tab.client.state === 'connected');
  }
  return readers;
}

const isAcked = ({ status }: Ticket) => status === 'acked';
const tabsOf = (readers: readonly Reader[]) => readers.map(({ tab }) => tab.client.getSnapshot().tab);
/** Those that the browser holds, and those that have greeted: an attempt given up under way leaves one that never speaks. */
const socketsOf = ({ server, world }: TabBrowser) => [
  world.network.socketCount,
  server.openConnections.filter(({ said }) => said.length > 0).length,
];
const isConnected = ({ tab }: Reader) => tab.client.state === 'connected';

describe('tabs that share a socket', () => {
  test('one_socket_serves_them_all_and_each_reads_everything_once', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 3);
    expect(socketsOf(browser)).toEqual([1, 1]);
    expect(tabsOf(readers)).toEqual(['leader', 'follower', 'follower']);
    const tickets = readers.map(({ channel }, at) => channel.publish(`from ${at}`));
    browser.server.publish('room/1', 'from outside');
    await browser.world.until(() => readers.every(({ read }) => read.length === 4) && tickets.every(isAcked));
    const outcomes: Settlement[] = await Promise.all(tickets.map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(['acked', 'acked', 'acked']);
    const stored = browser.server.payloads('room/1');
    expect(readers.map(({ read }) => read)).toEqual([stored, stored, stored]);
    const own = readers.map(
      ({ items }) => items.filter((item) => item.type === 'message' && item.own).length,
    );
    expect(own).toEqual([1, 1, 1]);
  });

  test('req_n01_when_the_leading_tab_is_killed_the_others_lose_and_double_nothing', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 3);
    const [leader, second, third] = readers as [Reader, Reader, Reader];
    const tickets: Ticket[] = [];
    for (let at = 0; at < 20; at += 1) {
      tickets.push(second.channel.publish(`b${at}`), third.channel.publish(`c${at}`));
    }
    await browser.world.advance(1); // Some are on their way, and their acknowledgements are not here.
    leader.tab.kill();
    browser.server.publish('room/1', 'meanwhile');
    await browser.world.until(
      () => [second, third].every(isConnected) && tickets.every(({ status }) => status === 'acked'),
    );
    browser.server.publish('room/1', 'after');
    await browser.world.until(() => [second, third].every(({ read }) => read.includes('after')));
    const stored = browser.server.payloads('room/1');
    expect([...stored].sort()).toEqual([...new Set(stored)].sort());
    expect(stored).toHaveLength(42);
    expect([second.read, third.read]).toEqual([stored, stored]);
    expect(tabsOf([second, third]).sort()).toEqual(['follower', 'leader']);
    expect(socketsOf(browser)).toEqual([1, 1]);
  });

  test('a_tab_that_is_killed_leaves_the_socket_to_the_others_and_its_channels_are_given_up', async () => {
    const browser = new TabBrowser();
    const [leader, follower] = (await connected(browser, 2)) as [Reader, Reader];
    const other = follower.tab.client.channel('room/2', { from: 'now' });
    other.onItem(() => undefined);
    await browser.world.until(() => browser.server.openConnections[0]?.channels.has('room/2') ?? false);
    follower.tab.kill();
    await browser.world.until(() => !browser.server.openConnections[0]?.channels.has('room/2'));
    leader.channel.publish('alone');
    await browser.world.until(() => leader.read.length === 1);
  });

  test('fault_43_a_leader_that_is_told_to_freeze_hands_the_lead_over_at_once', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 2);
    const [leader, follower] = readers as [Reader, Reader];
    const before = browser.world.now();
    leader.tab.freeze(true);
    await browser.world.until(
      () => follower.tab.client.getSnapshot().tab === 'leader' && isConnected(follower),
    );
    expect(browser.world.now() - before).toBeLessThan(3_000);
    browser.server.publish('room/1', 'while it sleeps');
    await browser.world.until(() => follower.read.length === 1);
    leader.tab.thaw();
    await browser.world.until(() => leader.read.length === 1);
    expect(tabsOf(readers)).toEqual(['follower', 'leader']);
    expect(socketsOf(browser)).toEqual([1, 1]);
  });

  test('a_leader_that_is_frozen_without_a_word_is_noticed_and_loses_the_lead', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 3);
    const [leader, second, third] = readers as [Reader, Reader, Reader];
    leader.tab.freeze(false);
    const tickets = [second.channel.publish('b'), third.channel.publish('c')];
    await browser.world.until(() => tickets.every(({ status }) => status === 'acked'), 60_000);
    leader.tab.thaw();
    await browser.world.until(() => readers.every(({ read }) => read.length === 2));
    await browser.world.advance(60_000);
    expect(tabsOf(readers).filter((tab) => tab === 'leader')).toHaveLength(1);
    expect(tabsOf(readers)[0]).toBe('follower');
    expect(socketsOf(browser)).toEqual([1, 1]);
    expect(browser.server.payloads('room/1')).toHaveLength(2);
  });

  test('a_loss_of_the_socket_is_seen_in_every_tab_and_what_was_missed_comes_once', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 2);
    browser.server.stop();
    await browser.world.until(() => readers.every(({ tab }) => tab.client.getSnapshot().isReconnecting));
    await browser.world.until(() =>
      readers.every(({ tab }) => tab.client.getSnapshot().nextAttemptAt !== undefined),
    );
    const tickets = readers.map(({ channel }, at) => channel.publish(`queued ${at}`));
    browser.server.start();
    browser.server.publish('room/1', 'meanwhile');
    await browser.world.until(() => readers.every(({ read }) => read.length === 3) && tickets.every(isAcked));
    expect(tickets.map(({ status }) => status)).toEqual(['acked', 'acked']);
    expect(readers.map(({ read }) => read)).toEqual([
      browser.server.payloads('room/1'),
      browser.server.payloads('room/1'),
    ]);
  });

  test('a_follower_can_ask_for_a_new_connection_and_sees_that_one_was_given_up', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 2);
    const [, follower] = readers as [Reader, Reader];
    browser.server.openConnections[0]?.close(4505, 'too old');
    await browser.world.until(() => readers.every(({ tab }) => tab.client.state === 'error'));
    expect(follower.tab.client.getSnapshot().lastError).toMatchObject({ kind: 'gave_up', retrying: false });
    follower.tab.client.reconnect();
    await browser.world.until(() => isConnected(follower));
  });

  test('history_volatile_and_last_values_work_in_every_tab', async () => {
    const browser = new TabBrowser();
    for (let at = 1; at <= 5; at += 1) {
      browser.server.publish('room/1', at);
    }
    browser.server.retain('room/1', 'status', 'thinking');
    const readers = await connected(browser, 2);
    const [leader, follower] = readers as [Reader, Reader];
    const pages = Promise.all(readers.map(({ tab }) => tab.client.history('room/1', { after: 2, limit: 2 })));
    await browser.world.advance(100);
    expect((await pages).map(({ messages, next }) => [messages.map(({ payload }) => payload), next])).toEqual(
      [
        [[3, 4], 4],
        [[3, 4], 4],
      ],
    );
    expect(readers.map(({ channel }) => channel.retained('status')?.payload)).toEqual([
      'thinking',
      'thinking',
    ]);
    follower.channel.volatile('typing', true);
    browser.server.say('room/1', 'typing', 'somebody else');
    await browser.world.advance(100);
    const typing = ({ items }: Reader) =>
      items.filter((item) => item.type === 'volatile').map(({ payload }) => payload);
    expect([typing(leader), typing(follower)]).toEqual([[true, 'somebody else'], ['somebody else']]);
  });

  test('a_message_that_the_server_would_not_take_fails_and_the_socket_stays', async () => {
    const browser = new TabBrowser();
    const [leader, follower] = (await connected(browser, 2)) as [Reader, Reader];
    const ticket = follower.channel.publish('x'.repeat(1_048_570));
    await browser.world.until(() => ticket.status === 'dropped');
    leader.channel.publish('goes on');
    await browser.world.until(() => follower.read.length === 1);
    expect(browser.server.connections).toHaveLength(1);
  });

  test('closing_a_client_leaves_nothing_behind_and_the_next_tab_leads', async () => {
    const browser = new TabBrowser();
    const [leader, follower] = (await connected(browser, 2)) as [Reader, Reader];
    const closing = leader.tab.client.close();
    await browser.world.until(
      () => follower.tab.client.getSnapshot().tab === 'leader' && isConnected(follower),
    );
    await browser.world.advance(5_000);
    await closing;
    const last = follower.tab.client.close();
    await browser.world.advance(5_000);
    await last;
    expect([browser.air.names, browser.world.network.socketCount, browser.world.time.timerCount]).toEqual([
      [],
      0,
      0,
    ]);
  });

  test('what_means_nothing_is_left_alone', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 2);
    const garbage = [
      undefined,
      null,
      7,
      'open',
      {},
      { type: 'open' },
      { type: 'open', link: 7 },
      { type: 'lead', leader: 'x', status: {} },
    ];
    const more = [
      { type: 'frame' },
      { type: 'frame', text: 7 },
      { type: 'taken', frames: -1 },
      { type: 'close', code: 'x' },
    ];
    for (const name of browser.air.names) {
      [...garbage, ...more]
        .filter((data) => name.includes(':link:') === false || data !== undefined)
        .forEach((data) => {
          if ((data as { type?: unknown } | null)?.type !== 'close') {
            browser.air.post(name, data);
          }
        });
    }
    await browser.world.advance(100);
    readers[1]?.channel.publish('goes on');
    await browser.world.until(() => readers.every(({ read }) => read.length === 1));
  });

  test('a_tab_that_says_what_is_no_frame_is_cut_off_and_harms_nobody_else', async () => {
    const browser = new TabBrowser();
    const readers = await connected(browser, 2);
    const link = browser.air.names.filter((name) => name.includes(':link:')).at(-1) as string;
    browser.air.post(link, { type: 'frame', text: '{"t":"pub","c":"room/1"}' });
    await browser.world.advance(5_000);
    readers[1]?.channel.publish('goes on');
    await browser.world.until(() => readers.every(({ read }) => read.length === 1));
    expect(browser.server.connections).toHaveLength(1);
  });

  test('without_Web_Locks_a_tab_has_a_socket_of_its_own', async () => {
    const browser = new TabBrowser();
    const client = createSharedClient(URL, { platform: browser.world, environment: { locks: undefined } });
    void client.connect();
    await browser.world.until(() => client.state === 'connected');
    expect(client.getSnapshot().tab).toBe('own');
  });

  test('a_setting_that_cannot_be_used_is_told_when_the_client_is_made', () => {
    const browser = new TabBrowser();
    expect(() => browser.tab({ settings: { backoffMinMs: -1 } })).toThrow(/backoffMinMs/);
  });
});

describe('tabs that come and go', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'req_n01_through_kills_freezes_and_cuts_every_message_is_stored_once_and_read_once_seed_%d',
    async (seed) => {
      const browser = new TabBrowser({}, seed);
      const pick = (below: number) => Math.floor((browser.world.random() / 2 ** 32) * below);
      const readers = await connected(browser, 4);
      const asked = new Set<string>();
      let living = [...readers];
      let number = 0;
      for (let step = 0; step < 40; step += 1) {
        const reader = living[pick(living.length)] as Reader;
        for (let at = pick(4); at > 0; at -= 1) {
          number += 1;
          const text = `m${number}`;
          void reader.channel
            .publish(text)
            .settled.then(({ status }) => status === 'acked' && asked.add(text));
        }
        const fate = pick(12);
        if (fate === 0 && living.length > 2) {
          reader.tab.kill();
          living = living.filter((other) => other !== reader);
        } else if (fate === 1) {
          browser.world.network.cut();
        } else if (fate === 2) {
          reader.tab.freeze(pick(2) === 0);
          await browser.world.advance(pick(30_000));
          reader.tab.thaw();
        }
        await browser.world.advance(pick(2_000));
      }
      await browser.world.until(() => living.every(isConnected));
      browser.server.publish('room/1', 'end');
      await browser.world.until(() => living.every(({ read }) => read.includes('end')));
      const stored = browser.server.payloads('room/1');
      expect(new Set(stored).size).toBe(stored.length);
      for (const text of asked) {
        expect(stored).toContain(text);
      }
      for (const { read } of living) {
        expect(read).toEqual(stored);
      }
      expect(socketsOf(browser)).toEqual([1, 1]);
    },
  );
});
