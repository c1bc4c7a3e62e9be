// Clients of others that come back by themselves: `socket.io-client`, `reconnecting-websocket` and `partysocket`,
// each as it comes. Does the jobs that the benchmark writes to standard input, a line each.
'use strict';

const { createInterface } = require('node:readline');
const { WebSocket } = require('ws');

/** Opens one client; `on` is told of each opening, of each attempt after the first, and of each message. */
const libraries = {
  'socket.io-client': (address, role, on) => {
    const { io } = require('socket.io-client');
    const socket = io(`ws://${address}`, { transports: ['websocket'], multiplex: false, query: { role } });
    socket.on('connect', on.opened);
    socket.on('message', on.message);
    socket.io.on('reconnect_attempt', on.tried);
    return (text) => socket.emit('publish', text);
  },
  'reconnecting-websocket': (address, role, on) =>
    reconnecting(require('reconnecting-websocket'), address, role, on),
  partysocket: (address, role, on) => reconnecting(require('partysocket/ws').default, address, role, on),
};

function reconnecting(Library, address, role, on) {
  let isFirst = true;
  class Counted extends WebSocket {
    constructor(...where) {
      super(...where);
      if (!isFirst) on.tried();
      isFirst = false;
    }
  }
  const path = role === 'publisher' ? '/publish' : '/room';
  const socket = new Library(`ws://${address}${path}`, [], { WebSocket: Counted });
  socket.addEventListener('open', on.opened);
  socket.addEventListener('message', (event) => on.message(String(event.data)));
  // Failures are followed by further attempts, which are counted.
  socket.addEventListener('error', () => {});
  return (text) => socket.send(text);
}

class Herd {
  constructor(open, clients) {
    this.open = open;
    this.openings = new Array(clients).fill(0);
    this.arrivals = Array.from({ length: clients }, () => []);
    this.published = [];
    this.received = 0;
    this.backs = [];
    this.tries = [];
  }

  /** Connects all, as many at once as a server takes without trouble, and one that publishes. */
  async gather(addresses, publisher) {
    for (let number = 0; number < this.openings.length; number += 1) {
      this.open(addresses[number % addresses.length], 'member', this.member(number));
      await until(() => this.standing() >= number - OPENING_MAX, GATHERING);
    }
    await until(() => this.standing() === this.openings.length, GATHERING);
    let isOpen = false;
    const on = { opened: () => (isOpen = true), tried: () => {}, message: () => {} };
    this.publish = this.open(publisher, 'publisher', on);
    await until(() => isOpen, GATHERING);
  }

  standing() {
    return this.openings.reduce((count, openings) => count + Math.sign(openings), 0);
  }

  member(number) {
    return {
      opened: () => {
        this.openings[number] += 1;
        // A client counts once, even if it is lost again.
        if (this.openings[number] === 2) this.backs.push(Date.now());
      },
      tried: () => this.tries.push(Date.now()),
      message: (text) => {
        if (this.arrivals[number][Number(text)] !== undefined) return;
        this.arrivals[number][Number(text)] = Date.now();
        this.received += 1;
      },
    };
  }

  /** Goes on publishing, whether the server is there or not. */
  talk(every) {
    const say = () => {
      this.publish(String(this.published.length));
      this.published.push(Date.now());
    };
    say();
    this.talking = setInterval(say, every);
  }

  /** Stops, and waits until each client has all; not for ever, as what is lost never comes. */
  async silence(limit) {
    clearInterval(this.talking);
    await until(() => this.received === this.wanted(), limit).catch(() => {});
  }

  wanted() {
    return this.published.length * this.openings.length;
  }

  async returned(restarted) {
    const size = this.openings.length;
    await until(() => this.backs.length === size, RETURNING).catch(() => {});
    await this.silence(LEVELLING);
    this.backs.sort((a, b) => a - b);
    const at = (share) => {
      const back = this.backs[Math.max(Math.ceil(size * share), 1) - 1];
      return back === undefined ? null : Math.max(back - restarted, 0) / 1000;
    };
    const seconds = new Map();
    for (const time of this.tries) {
      const second = Math.floor(time / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    return {
      back: this.backs.length,
      delivered: this.received / this.wanted(),
      faults: null,
      half_s: at(0.5),
      most_s: at(0.99),
      all_s: at(1),
      attempts_each: this.tries.length / size,
      peak_second: Math.max(0, ...seconds.values()),
    };
  }

  async heard(millis, every) {
    this.talk(every);
    await new Promise((resolve) => setTimeout(resolve, millis));
    await this.silence(RETURNING);
    const began = this.published[0];
    const since = (time) => (time === undefined ? null : time - began);
    return {
      began_ms: began,
      published_ms: this.published.map(since),
      arrived_ms: this.arrivals.map((own) => Array.from(this.published, (_, number) => since(own[number]))),
    };
  }
}

/** Waits until something is so, or fails. */
async function until(holds, limit) {
  const end = Date.now() + limit;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it was not so within ${limit} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const OPENING_MAX = 64;
const GATHERING = 60_000;
const RETURNING = 60_000;
const LEVELLING = 3_000;
const TALKING = 500;

async function work(job) {
  if (job.Herd) {
    const { addresses, clients } = job.Herd;
    herd = new Herd(libraries[process.argv[2]], clients);
    await herd.gather(addresses, addresses[0]);
    herd.talk(TALKING);
    return { Done: { elapsed_ns: 0 } };
  }
  if (job.Return) return { Returned: await herd.returned(job.Return.restarted_ms) };
  if (job.Attend) {
    const { addresses, publisher } = job.Attend;
    herd = new Herd(libraries[process.argv[2]], addresses.length);
    await herd.gather(addresses, publisher);
    return { Done: { elapsed_ns: 0 } };
  }
  if (job.Talk) return { Heard: await herd.heard(job.Talk.millis, job.Talk.every_ms) };
  throw new Error(`an unknown job: ${JSON.stringify(job)}`);
}

let herd;
const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const outcome = await work(JSON.parse(line)).catch((error) => ({ Failed: { why: String(error) } }));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
});
// Ends this process once the benchmark that started it is gone, however it went.
lines.on('close', () => process.exit(0));
