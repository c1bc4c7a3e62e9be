import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PlatformSignal, SocketLike } from '../../../src/api.js';
import { BreakableNetwork } from '../network/network.js';

/** The socket below: what a browser would have made. */
class Real implements SocketLike {
  binaryType: BinaryType = 'blob';
  bufferedAmount = 0;
  protocol = 'everlink.v1.json';
  readyState: SocketLike['readyState'] = 1;
  onopen: WebSocket['onopen'] = null;
  onmessage: WebSocket['onmessage'] = null;
  onclose: WebSocket['onclose'] = null;
  onerror: WebSocket['onerror'] = null;
  readonly sent: unknown[] = [];
  closed = 0;

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed += 1;
  }

  say(data: string): void {
    this.onmessage?.call(null as never, { data } as MessageEvent);
  }
}

function setUp() {
  const real: Real[] = [];
  const signals: PlatformSignal[] = [];
  const network = new BreakableNetwork({
    openSocket: () => {
      const socket = new Real();
      real.push(socket);
      return socket;
    },
    isOnline: () => true,
    onSignal: () => () => undefined,
  });
  const platform = network.platform();
  platform.onSignal((signal) => signals.push(signal));
  const open = () => {
    const socket = platform.openSocket('ws://here/ws', []);
    const heard: string[] = [];
    const closed: number[] = [];
    socket.onmessage = ({ data }: MessageEvent) => heard.push(data);
    socket.onclose = ({ code }: CloseEvent) => closed.push(code);
    return { socket, heard, closed, below: real.at(-1) };
  };
  return { network, platform, signals, open };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('while nothing is broken everything goes through at once', () => {
  const { open } = setUp();
  const { socket, below, heard } = open();
  socket.send('up');
  below?.say('down');
  expect([below?.sent, heard]).toEqual([['up'], ['down']]);
});

test('a cut ends every socket with 1006, once, and leaves the real one', () => {
  const { network, open } = setUp();
  const { socket, below, closed } = open();
  expect(network.cut()).toBe(1);
  below?.say('too late');
  expect([closed, socket.readyState, below?.closed]).toEqual([[1006], 3, 1]);
  expect(network.cut()).toBe(0);
});

test('a frozen socket looks open, carries nothing and tells nothing, not even its end', () => {
  const { network, open } = setUp();
  const { socket, below, heard, closed } = open();
  expect([network.freeze(), network.freeze(), network.getSnapshot().frozen]).toEqual([1, 0, 1]);
  socket.send('up');
  below?.say('down');
  below?.onclose?.call(null as never, { code: 1000 } as CloseEvent);
  expect([socket.readyState, below?.sent, heard, closed]).toEqual([1, [], [], []]);
  socket.close(1000);
  expect([closed, below?.closed, network.getSnapshot().frozen]).toEqual([[], 1, 0]);
});

test('what is frozen stays so, and a socket that is opened later is well', () => {
  const { network, open } = setUp();
  open();
  network.freeze();
  const { socket, below } = open();
  socket.send('up');
  expect(below?.sent).toEqual(['up']);
});

test('offline ends what stands, fails what is dialed, and is told like the browser tells it', () => {
  const { network, platform, signals, open } = setUp();
  const first = open();
  network.setOffline(true);
  network.setOffline(true);
  expect([first.closed, platform.isOnline(), signals]).toEqual([[1006], false, ['offline']]);
  const second = open();
  expect(second.closed).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect([second.closed, second.socket.readyState]).toEqual([[1006], 3]);
  network.setOffline(false);
  expect([platform.isOnline(), signals]).toEqual([true, ['offline', 'online']]);
});

test('a dial that is given up while offline is heard of no more', () => {
  const { network, open } = setUp();
  network.setOffline(true);
  const { socket, closed } = open();
  socket.close();
  vi.advanceTimersByTime(1000);
  expect(closed).toEqual([]);
});

test('latency is added half in each direction, and nothing overtakes', () => {
  const { network, open } = setUp();
  const { socket, below, heard } = open();
  network.setLatency(400);
  socket.send('1');
  below?.say('a');
  vi.advanceTimersByTime(100);
  network.setLatency(0);
  socket.send('2');
  below?.say('b');
  expect([below?.sent, heard]).toEqual([[], []]);
  vi.advanceTimersByTime(100);
  expect([below?.sent, heard]).toEqual([
    ['1', '2'],
    ['a', 'b'],
  ]);
});

test('what is under way when the socket is cut or frozen never arrives', () => {
  for (const end of ['cut', 'freeze'] as const) {
    const { network, open } = setUp();
    const { socket, below, heard } = open();
    network.setLatency(400);
    socket.send('up');
    below?.say('down');
    network[end]();
    vi.advanceTimersByTime(1000);
    expect([below?.sent, heard]).toEqual([[], []]);
    expect(vi.getTimerCount()).toBe(0);
  }
});

test('latency has a range', () => {
  const { network } = setUp();
  for (const [given, taken] of [
    [-1, 0],
    [99_999, 3000],
    [Number.NaN, 0],
  ] as const) {
    network.setLatency(given);
    expect(network.getSnapshot().latencyMs).toBe(taken);
  }
});
