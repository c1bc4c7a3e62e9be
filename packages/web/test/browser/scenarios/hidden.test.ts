/** Tabs behind others: hidden, with timers once a second, and soon once a minute. */

import { expect, inject } from 'vitest';
import { RawChromium, type RawTab } from '../support/raw-chromium.js';
import { type Link, numbers, test } from '../support/test.js';

/** Timers once a minute begin after five minutes otherwise. */
const THROTTLED = ['--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/2'];

/** Uses a tab with a client that another tab hides, once its timers are throttled to one a minute. */
async function withHidden(link: Link, use: (hidden: RawTab, shown: RawTab) => Promise<void>): Promise<void> {
  const browser = new RawChromium(THROTTLED);
  try {
    const hidden = await open(browser, link.url('anna'));
    const shown = await open(browser, link.url('berta'));
    await hidden.until(() => document.visibilityState === 'hidden');
    // A chain of timers that goes on once a second at first: no step of it in three seconds says that it is once a minute.
    await hidden.evaluate(() => {
      const step = () => {
        bench.kept.stepped = performance.now();
        setTimeout(step, 10);
      };
      step();
    });
    await hidden.until(() => performance.now() - bench.kept.stepped > 3000);
    await use(hidden, shown);
  } finally {
    await browser.close();
  }
}

async function open(browser: RawChromium, url: string): Promise<RawTab> {
  const tab = await browser.open(`${inject('site')}/plain`);
  await tab.until(() => 'bench' in globalThis);
  await tab.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.reader = bench.read(bench.kept.client, 'room');
    bench.kept.lost = 0;
    bench.kept.client.addEventListener('disconnected', () => {
      bench.kept.lost += 1;
    });
  }, url);
  await tab.until(() => bench.kept.client.state === 'connected');
  return tab;
}

const publish = (tab: RawTab, first: number, last: number) =>
  tab.evaluate(([first, last]) => bench.publish(bench.kept.client, 'room', first, last), [
    first,
    last,
  ] as const);

const read = (tab: RawTab) => tab.evaluate(() => bench.kept.reader.numbers as number[]);

test('fault_42_a_hidden_tab_with_a_timer_a_minute_stays_connected_and_reads_and_writes', async ({ link }) => {
  await withHidden(link, async (hidden, shown) => {
    // The server asks each second, and gives a second for the answer: many heartbeats, no timer.
    for (const round of [0, 1, 2, 3, 4]) {
      const first = round * 20 + 1;
      await publish(shown, first, first + 9);
      await publish(hidden, first + 10, first + 19);
      for (const tab of [hidden, shown]) {
        await tab.until((count) => bench.kept.reader.numbers.length >= count, first + 19);
      }
      // The time of several heartbeats, by the clock of the tab that is not throttled.
      await shown.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1500)));
    }
    expect(await hidden.evaluate(() => [bench.kept.lost, document.visibilityState])).toEqual([0, 'hidden']);
    for (const tab of [hidden, shown]) {
      expect([...(await read(tab))].sort((a, b) => a - b)).toEqual(numbers(1, 100));
    }
    await hidden.show();
    await hidden.until(() => bench.kept.client.state === 'connected');
    expect(await hidden.evaluate(() => bench.kept.lost)).toBe(0);
    expect((await link.server.log('room')).length).toBe(100);
  });
});

test('fault_42_fault_43_a_hidden_tab_whose_connection_died_in_silence_is_back_at_once_when_it_is_shown', async ({
  link,
}) => {
  await withHidden(link, async (hidden, shown) => {
    await publish(shown, 1, 10);
    await hidden.until(() => bench.kept.reader.numbers.length === 10);
    await link.proxy.fault('blackhole', 'live');
    // The tab that is looked at notices, and comes back; the hidden one has no timer to notice by.
    await publish(shown, 11, 20);
    await shown.until(() => bench.kept.reader.numbers.length === 20);
    await publish(hidden, 21, 30);
    const shownAt = performance.now();
    await hidden.show();
    await hidden.until(
      () => bench.kept.client.state === 'connected' && bench.kept.reader.numbers.length === 30,
    );
    // A probe of 2 s, if its heartbeat was not late already, and a dial.
    expect(performance.now() - shownAt).toBeLessThan(5000);
    for (const tab of [hidden, shown]) {
      await tab.until(() => bench.kept.reader.numbers.length === 30);
      expect([...(await read(tab))].sort((a, b) => a - b)).toEqual(numbers(1, 30));
    }
    expect((await link.server.log('room')).length).toBe(30);
  });
});

test('fault_42_a_hidden_tab_that_was_cut_off_is_back_at_once_when_it_is_shown', async ({ link }) => {
  await withHidden(link, async (hidden, shown) => {
    await link.proxy.down();
    await hidden.until(() => bench.kept.client.state !== 'connected');
    await publish(hidden, 1, 10);
    await link.proxy.heal();
    await shown.until(() => bench.kept.client.state === 'connected');
    const shownAt = performance.now();
    await hidden.show();
    await hidden.until(() => bench.kept.reader.numbers.length === 10);
    expect(performance.now() - shownAt).toBeLessThan(3000);
    expect(await read(hidden)).toEqual(numbers(1, 10));
    expect((await link.server.log('room')).length).toBe(10);
  });
});
