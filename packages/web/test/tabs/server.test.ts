import { describe, expect, test } from 'vitest';
import { RawBrowser, RawTab } from '../support/raw-tab.js';

async function opened(browser: RawBrowser, count: number): Promise<RawTab[]> {
  const tabs: RawTab[] = [];
  for (let at = 0; at < count; at += 1) {
    const tab = new RawTab(browser);
    tabs.push(tab);
    await browser.world.until(() => tab.isReading);
  }
  return tabs;
}

const pause = (browser: RawBrowser) => browser.world.advance(100);

describe('what the leader does for tabs', () => {
  test('one_connection_serves_all_and_each_reads_everything_once', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 3);
    for (const [at, tab] of tabs.entries()) {
      tab.publish(`from ${at}`);
    }
    await browser.world.until(() => tabs.every(({ read, unacked }) => read.length === 3 && unacked === 0));
    const stored = browser.server.payloads('room/1');
    expect(tabs.map(({ read }) => read)).toEqual([stored, stored, stored]);
    expect(browser.server.connections).toHaveLength(1);
  });

  test('req_n01_a_leader_that_is_killed_costs_nothing', async () => {
    const browser = new RawBrowser();
    const [leader, ...others] = await opened(browser, 3);
    for (let at = 0; at < 20; at += 1) {
      others[0]?.publish(`b${at}`);
      others[1]?.publish(`c${at}`);
    }
    await browser.world.advance(1);
    leader?.kill();
    browser.server.publish('room/1', 'meanwhile');
    await browser.world.until(() => others.every(({ read, unacked }) => read.length === 41 && unacked === 0));
    const stored = browser.server.payloads('room/1');
    expect(stored).toHaveLength(41);
    expect(others.map(({ read }) => read)).toEqual([stored, stored]);
  });

  test('a_loss_of_the_connection_is_one_for_every_tab', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    browser.server.stop();
    await browser.world.until(() => tabs.every(({ isOpen }) => !isOpen));
    tabs[1]?.publish('queued');
    browser.server.start();
    await browser.world.until(() => tabs.every(({ read }) => read.length === 1) && tabs[1]?.unacked === 0);
    expect(tabs.map(({ closes }) => closes)).toEqual([[1012], [1012]]);
  });

  test('a_leader_that_is_frozen_is_noticed_by_a_tab_whose_pings_are_not_answered', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 3);
    tabs[0]?.actor.freeze();
    tabs[1]?.publish('b');
    tabs[2]?.publish('c');
    await browser.world.until(
      () => tabs.slice(1).every(({ read, unacked }) => read.length === 2 && unacked === 0),
      60_000,
    );
    tabs[0]?.actor.thaw();
    await browser.world.until(() => tabs[0]?.read.length === 2, 60_000);
    await browser.world.advance(10_000);
    expect(browser.server.openConnections).toHaveLength(1);
    expect(tabs.filter(({ election }) => election.isLeader)).toHaveLength(1);
  });

  test('a_leader_that_freezes_while_the_server_is_away_is_noticed_too', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    browser.server.stop();
    await browser.world.until(() => tabs.every(({ isOpen }) => !isOpen));
    await browser.world.advance(5_000);
    tabs[0]?.actor.freeze();
    browser.server.start();
    await browser.world.until(() => tabs[1]?.isOpen ?? false, 60_000);
    expect(tabs[1]?.election.isLeader).toBe(true);
  });

  test('a_channel_that_nobody_reads_any_more_is_given_up', async () => {
    const browser = new RawBrowser();
    const [leader, follower] = await opened(browser, 2);
    follower?.say('{"t":"sub","subs":[{"c":"room/2"}]}');
    await browser.world.until(() => browser.server.openConnections[0]?.channels.has('room/2') ?? false);
    leader?.say('{"t":"sub","subs":[{"c":"room/2"}]}');
    await pause(browser);
    follower?.kill();
    await pause(browser);
    expect(browser.server.openConnections[0]?.channels.has('room/2')).toBe(true);
    leader?.say('{"t":"unsub","n":7,"cs":["room/2"]}');
    await browser.world.until(() => !browser.server.openConnections[0]?.channels.has('room/2'));
    expect(leader?.replies.at(-1)).toEqual({ type: 'unsubscribeOk', request: 7 });
  });

  test('pages_of_history_come_to_who_asked_under_his_number', async () => {
    const browser = new RawBrowser();
    browser.server.publish('room/1', 'old');
    const tabs = await opened(browser, 2);
    for (const tab of tabs) {
      tab.say('{"t":"read","n":5,"c":"room/1","after":0,"limit":10}');
    }
    await pause(browser);
    for (const { replies } of tabs) {
      expect(replies.filter(({ type }) => type === 'page')).toMatchObject([
        { request: 5, messages: [{ payload: 'old' }] },
      ]);
    }
  });

  test('a_volatile_value_comes_to_the_other_tabs_and_to_the_server', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    tabs[1]?.say('{"t":"vol","c":"room/1","k":"typing","d":true}');
    await pause(browser);
    const values = tabs.map(({ replies }) => replies.filter(({ type }) => type === 'volatile').length);
    expect(values).toEqual([1, 0]);
    expect(browser.server.connections[0]?.said.at(-1)).toMatchObject({
      type: 'volatile',
      key: 'typing',
      payload: true,
    });
  });

  test('a_message_that_is_larger_than_the_server_takes_is_refused_before_it_ends_the_connection_of_all', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    tabs[1]?.publish('x'.repeat(1_048_570));
    await pause(browser);
    expect(tabs[1]?.replies.at(-1)).toMatchObject({ type: 'nack', sequence: 1, code: 1009 });
    expect(browser.server.openConnections).toHaveLength(1);
  });

  test.each([
    ['not JSON', 1007],
    ['{"t":"odd"}', 4400],
    ['{"t":"pub","c":"room/1"}', 4400],
    ['{"t":"hello","v":1,"client":"c","producer":"p","subs":[]}', 1002],
    ['{"t":"hello","producer":"p","subs":[]}', 4400],
    ['{"t":"sub","subs":[{"c":"room/1","ep":1}]}', 4400],
  ])('a_tab_that_says_%s_is_cut_off_and_harms_nobody_else', async (text, code) => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    tabs[1]?.say(text);
    await browser.world.until(() => tabs[1]?.closes.length === 1);
    tabs[0]?.publish('goes on');
    await browser.world.until(() => tabs.every(({ read }) => read.length === 1));
    expect([tabs[1]?.closes, tabs[0]?.closes, browser.server.connections.length]).toEqual([[code], [], 1]);
  });

  test('a_tab_that_does_not_take_what_comes_is_cut_off_and_reads_on_from_its_cursor', async () => {
    const browser = new RawBrowser();
    const tabs = await opened(browser, 2);
    tabs[1]?.actor.freeze();
    for (let at = 0; at < 5_000; at += 1) {
      browser.server.publish('room/1', at);
    }
    await browser.world.until(() => tabs[0]?.read.length === 5_000);
    tabs[1]?.actor.thaw();
    await browser.world.until(() => tabs[1]?.read.length === 5_000);
    expect(tabs[1]?.closes).toEqual([1013]);
    expect(tabs[1]?.read).toEqual(browser.server.payloads('room/1'));
  });
});
