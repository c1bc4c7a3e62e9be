/** What two hundred reconnects leave behind in a page: nothing. */

import { expect } from 'vitest';
import { test, until, withLink } from '../support/test.js';

const WARM_UP = 20;
const CUTS = 200;
/** What the engine's tables and the browser's own caches may come to. */
const GROWTH_MAX = 1_500_000;

test('fault_56_memory_and_listeners_are_constant_over_200_reconnects', { timeout: 280_000 }, ({ open }) =>
  withLink({ heartbeat: '100ms' }, async (link) => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await page.evaluate((url) => {
      bench.kept.client = bench.connect(url);
      bench.kept.reader = bench.read(bench.kept.client, 'room');
    }, link.url('anna'));
    const cut = async (number: number) => {
      await until(page, () => bench.isProven(bench.kept.client));
      await page.evaluate((number) => bench.publish(bench.kept.client, 'room', number, number), number);
      await link.proxy.reset();
      await until(page, (count) => bench.kept.client.getSnapshot().reconnects >= count, number);
    };
    const measure = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const find = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
      return { listeners: find('JSEventListeners'), bytes: find('JSHeapUsedSize') };
    };
    for (let number = 1; number <= WARM_UP; number += 1) await cut(number);
    const before = await measure();
    for (let number = WARM_UP + 1; number <= WARM_UP + CUTS; number += 1) await cut(number);
    await until(page, (count) => bench.kept.reader.numbers.length === count, WARM_UP + CUTS);
    const after = await measure();
    expect(after.listeners).toBe(before.listeners);
    expect(after.bytes - before.bytes).toBeLessThan(GROWTH_MAX);
  }),
);
