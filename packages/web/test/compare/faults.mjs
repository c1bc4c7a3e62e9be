/** The faults, and what is looked at. Each gets a client that is connected, unless it starts broken. */
import { setTimeout as pause } from 'node:timers/promises';

const MESSAGES = 10;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export const FAULTS = [
  {
    row: 5,
    name: 'the connection is reset',
    looks: 'time until it is back',
    async run({ client, proxy }) {
      const back = client.next('opened', 60_000);
      const from = Date.now();
      await proxy.cut();
      const opened = await back;
      return opened === undefined ? 'not within 60 s' : seconds(opened.at - from);
    },
  },
  {
    row: 8,
    name: 'connections are accepted and never answered, for 45 s',
    looks: 'attempts meanwhile',
    isBroken: 'stall',
    async run({ proxy }) {
      await pause(45_000);
      const { connections } = await proxy.counters();
      return connections === 1 ? '1: it waits on' : String(connections);
    },
  },
  {
    row: 17,
    name: 'each connection is cut as soon as it stands, for 30 s',
    looks: 'connections meanwhile',
    async run({ client, proxy }) {
      const before = client.count('opened');
      client.on(({ type }) => type === 'opened' && proxy.cut().catch(() => undefined));
      await proxy.cut();
      await pause(30_000);
      return String(client.count('opened') - before);
    },
  },
  {
    row: 18,
    name: 'the server closes with 1000',
    looks: 'time until it is back',
    async run({ client, server }) {
      const back = client.next('opened', 40_000);
      const from = Date.now();
      server.closeCleanly();
      const opened = await back;
      return opened === undefined ? 'never (40 s)' : seconds(opened.at - from);
    },
  },
  {
    row: 20,
    name: 'half-open: nothing comes any more, no close',
    looks: 'time until it is noticed',
    async run({ client, proxy }) {
      const noticed = client.next('lost', 75_000);
      const from = Date.now();
      await proxy.fault('blackhole');
      const lost = await noticed;
      return lost === undefined ? 'never (75 s)' : seconds(lost.at - from);
    },
  },
  {
    row: 27,
    name: `${MESSAGES} messages are swallowed, then the connection is cut`,
    looks: 'how many arrive',
    isQuick: true,
    run: (bench) => swallowed(bench, 'half-open=up'),
  },
  {
    row: 28,
    name: `${MESSAGES} messages arrive, the answers are swallowed, then the connection is cut`,
    looks: 'how many arrive, and doubled',
    run: (bench) => swallowed(bench, 'half-open=down'),
  },
  {
    row: 32,
    name: `${MESSAGES} messages are published by others while it is away for 3 s`,
    looks: 'how many it gets',
    async run({ client, proxy, server }) {
      const back = client.next('opened', 60_000);
      await proxy.fault('refuse');
      await proxy.cut();
      await pause(1000);
      for (let at = 0; at < MESSAGES; at += 1) server.publish(`missed ${at}`);
      await pause(2000);
      await proxy.clear();
      await back;
      await pause(3000);
      return `${client.news.filter(({ type, text }) => type === 'came' && text?.startsWith('missed')).length} of ${MESSAGES}`;
    },
  },
  {
    row: 37,
    name: '50,000 messages of 1 KB are sent while nothing listens',
    looks: 'memory, and what the sender is told',
    isBroken: 'refuse',
    async run({ client }) {
      const before = (await client.ask('memory')).bytes;
      await client.ask('send', { count: 50_000, bytes: 1000 });
      const after = (await client.ask('memory')).bytes;
      const { count } = await client.ask('told');
      return `${Math.round((after - before) / 1e6)} MB, ${count === 0 ? 'told nothing' : `told of ${count} drops`}`;
    },
  },
  {
    row: 50,
    name: 'connections are refused for 45 s',
    looks: 'attempts meanwhile',
    isBroken: 'refuse',
    async run({ proxy }) {
      await pause(45_000);
      const { connections, connections_refused: refused } = await proxy.counters();
      return String(Math.max(connections, refused));
    },
  },
];

async function swallowed({ client, proxy, server }, fault) {
  await proxy.fault(fault);
  await client.ask('send', { count: MESSAGES });
  await pause(1000);
  const back = client.next('opened', 60_000);
  await proxy.clear();
  await proxy.cut();
  if ((await back) === undefined) return 'not back within 60 s';
  await pause(8000);
  const { count } = await client.ask('told');
  const unique = new Set(server.received).size;
  const doubled = server.received.length - unique;
  const told = unique === MESSAGES ? '' : count > 0 ? `, ${count} told as failed` : ', nothing told';
  return `${unique} of ${MESSAGES}${doubled > 0 ? `, ${doubled} doubled` : ''}${told}`;
}
