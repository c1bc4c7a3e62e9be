/** What two hundred reconnects leave behind in a page: nothing. */

import { expect } from 'vitest';
import { test, until } from '../support/test.js';

const WARM_UP = 20;
const CUTS = 200;
/** What the engine's tables and the browser's own caches may come to. */
const GROWTH_MAX = 1_500_000;

test('fault_56_memory_and_listeners_are_constant_over_200_reconnects', { timeout: 280_000 }, async ({
  open,
  link,
}) => {
  const page = await open();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  }, link.url('anna'));
  const cut = async (reconnects: number) => {
    await until(page, () => bench.kept.client.state === 'connected');
    await page.evaluate((number) => bench.publish(bench.kept.client, 'room', number, number), reconnects);
    await link.proxy.reset();
    await until(page, (count) => bench.kept.client.getSnapshot().reconnects >= count, reconnects);
  };
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value])) as Record<string, number>;
  };
  for (let count = 1; count <= WARM_UP; count += 1) await cut(count);
  const before = await measure();
  for (let count = WARM_UP + 1; count <= WARM_UP + CUTS; count += 1) await cut(count);
  await until(page, (count) => bench.kept.reader.numbers.length === count, WARM_UP + CUTS);
  const after = await measure();
  expect(after.JSEventListeners).toBe(before.JSEventListeners);
  expect((after.JSHeapUsedSize ?? 0) - (before.JSHeapUsedSize ?? 0)).toBeLessThan(GROWTH_MAX);
});
