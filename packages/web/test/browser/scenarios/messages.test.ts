/** Messages through cuts, black holes and kills, as they are rendered. */

import { expect } from 'vitest';
import { numbers, test, until, withLink } from '../support/test.js';

const CUTS = 20;
const EACH = 50;

test(
  'req_n01_fault_05_fault_27_a_thousand_messages_across_20_cuts_are_rendered_once_and_in_order',
  async ({ open, complaints }) =>
    withLink({ heartbeat: '100ms' }, async (link) => {
      const [writer, reader] = [await open(), await open()];
      for (const [page, user] of [
        [writer, 'writer'],
        [reader, 'reader'],
      ] as const) {
        await page.evaluate(
          ([url, user]) => {
            bench.kept.client = bench.connect(url, { settings: { queueMessagesMax: 5000 } });
            bench.showChat(bench.kept.client, 'room', user);
          },
          [link.url(user), user] as const,
        );
        await until(page, () => bench.isProven(bench.kept.client));
      }
      for (let cut = 0; cut < CUTS; cut += 1) {
        const first = cut * EACH + 1;
        await writer.evaluate(([first, last]) => bench.publish(bench.kept.client, 'room', first, last), [
          first,
          first + EACH / 2 - 1,
        ] as const);
        // While the first half is on its way, by turns: an end, a reset, a reset in the middle of a frame.
        if (cut % 3 === 2) await link.proxy.fault('reset-after=700', 'live');
        else await (cut % 3 === 0 ? link.proxy.cut() : link.proxy.reset());
        await writer.evaluate(([first, last]) => bench.publish(bench.kept.client, 'room', first, last), [
          first + EACH / 2,
          first + EACH - 1,
        ] as const);
        for (const page of [writer, reader]) {
          await until(
            page,
            (cut) => bench.kept.client.getSnapshot().reconnects > cut && bench.isProven(bench.kept.client),
            cut,
          );
        }
        await link.proxy.heal();
      }
      const all = numbers(1, CUTS * EACH);
      for (const page of [reader, writer]) {
        await until(page, (count) => bench.shownNumbers().length >= count, all.length);
        expect(await page.evaluate(() => bench.shownNumbers())).toEqual(all);
        expect(await page.locator('.everlink-gap').count()).toBe(0);
        expect(await page.evaluate(() => bench.kept.client.getSnapshot().reconnects)).toBeGreaterThanOrEqual(
          CUTS,
        );
      }
      expect((await link.server.log('room')).map(({ plaintext }) => plaintext)).toEqual(
        all.map((number) => `n ${number}`),
      );
      await until(writer, () => document.querySelectorAll('[data-status="stored"]').length === 1000);
      expect(complaints.filter((text) => !/WebSocket connection to/.test(text))).toEqual([]);
    }),
  120_000,
);

test('req_n01_fault_32_fault_59_a_server_killed_with_9_and_started_again_has_all_that_was_acknowledged', async ({
  open,
  diskLink,
}) => {
  const { server, url } = diskLink;
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  }, url('anna'));
  for (const life of [0, 1, 2]) {
    await until(page, () => bench.kept.client.state === 'connected');
    await page.evaluate(
      (first) => bench.publish(bench.kept.client, 'room', first, first + 99),
      life * 200 + 1,
    );
    await server.kill();
    await page.evaluate(
      (first) => bench.publish(bench.kept.client, 'room', first, first + 99),
      life * 200 + 101,
    );
    await server.start();
  }
  await until(page, () => bench.kept.reader.numbers.length >= 600);
  expect(await page.evaluate(() => [bench.kept.reader.numbers, bench.kept.reader.gaps])).toEqual([
    numbers(1, 600),
    0,
  ]);
  expect((await server.log('room')).map(({ plaintext }) => plaintext)).toEqual(
    numbers(1, 600).map((number) => `n ${number}`),
  );
});

test('fault_33_a_server_that_forgot_its_log_is_told_as_a_gap_in_the_list_and_nothing_of_the_new_log_is_missing', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.showChat(bench.kept.client, 'room', 'anna');
    bench.publish(bench.kept.client, 'room', 1, 10);
  }, link.url('anna'));
  await until(page, () => document.querySelectorAll('[data-status="stored"]').length === 10);
  await link.server.kill();
  await page.evaluate(() => bench.publish(bench.kept.client, 'room', 11, 20));
  await link.server.start();
  await until(page, () => document.querySelectorAll('[data-status="stored"]').length === 20);
  expect(await page.evaluate(() => bench.shownNumbers())).toEqual(numbers(1, 20));
  expect(await page.locator('.everlink-gap[data-cause="epoch"]').count()).toBe(1);
});

test('fault_20_fault_21_a_half_open_link_is_noticed_and_what_it_swallowed_is_stored_once', async ({
  open,
  link,
}) => {
  const page = await open();
  await page.evaluate((url) => {
    bench.kept.client = bench.connect(url);
    bench.kept.reader = bench.read(bench.kept.client, 'room');
  }, link.url('anna'));
  for (const [round, fault] of ['half-open=up', 'half-open=down', 'blackhole'].entries()) {
    await until(page, () => bench.kept.client.state === 'connected');
    const dials: number = await page.evaluate(() => bench.kept.client.info().dials);
    await link.proxy.fault(fault, 'live');
    await page.evaluate(
      (first) => bench.publish(bench.kept.client, 'room', first, first + 9),
      round * 10 + 1,
    );
    // On another transport: the one that swallows is neither closed nor healed.
    await until(page, (count) => bench.kept.reader.numbers.length === count, round * 10 + 10);
    expect(await page.evaluate(() => bench.kept.client.info().dials), fault).toBeGreaterThan(dials);
  }
  expect(await page.evaluate(() => bench.kept.reader.numbers)).toEqual(numbers(1, 30));
  expect((await link.server.log('room')).length).toBe(30);
});
