/** What the binding adds to the engine: checks, errors, and the values that it keeps. */

import { describe, expect, test } from 'vitest';
import { load } from './backend.js';
import { engineMaker, type WordEngine } from './engine.js';
import { ConfigError, EngineError, EngineFault } from './errors.js';
import { failureClass, verdictOf } from './failures.js';
import { DEFAULTS, SETTINGS } from './generated/settings.js';
import type { Exports } from './host.js';
import type { Engine, EngineOptions, Event, Input, Output, Received, Settings } from './types.js';

const createEngine = engineMaker(load);

function make(options: Partial<EngineOptions> = {}): WordEngine<object> {
  return createEngine<object>({ profile: 'standard', seed: 1, ...options }) as WordEngine<object>;
}

function drain<P>(engine: Engine<P>): Output<P>[] {
  const outputs: Output<P>[] = [];
  for (let output = engine.pollOutput(); output !== undefined; output = engine.pollOutput()) {
    outputs.push(output);
  }
  return outputs;
}

function give<P>(engine: Engine<P>, now: number, input: Input<P>): Output<P>[] {
  engine.handleInput(now, input);
  return drain(engine);
}

function transportOf<P>(outputs: Output<P>[]): number {
  const dial = outputs.find((output) => output.type === 'dial');
  return dial?.type === 'dial' ? dial.transport : 0;
}

describe('a payload', () => {
  test('is the same value when it is sent and when it comes', () => {
    const engine = make();
    const transport = transportOf(give(engine, 0, { type: 'connect' }));
    give(engine, 1, { type: 'transport', transport, news: { type: 'opened' } });
    const [out, back] = [{ hello: 1 }, { there: 2 }];
    const sent = give(engine, 2, { type: 'send', message: { id: 1, bytes: 9, payload: out } });
    expect(sent[0]).toStrictEqual({
      type: 'transmit',
      transport,
      frame: { type: 'message', id: 1, channel: undefined, payload: out },
    });
    const frame = { type: 'message', payload: back } as const;
    const came = give(engine, 3, { type: 'transport', transport, news: { type: 'frame', frame } });
    const event = came.find((output) => output.type === 'event' && output.event.type === 'message');
    expect((event as { event: Event<object> }).event).toMatchObject({ payload: back });
  });

  test.each(['plain', 'everlink', 'exchange'] as const)(
    'of dialect %s is kept no longer than the engine can name it, over 10,000 messages and cuts',
    (dialect) => {
      const engine = make({ dialect, settings: { queueMessagesMax: 64, overflow: 'dropOldest' } });
      const world = new World(engine);
      for (let round = 0; round < 200; round++) {
        world.round(round);
        expect(engine.payloads).toBeLessThanOrEqual(engine.info(world.now).queuedMessages + 64);
      }
      expect(world.delivered).toBeGreaterThan(1000);
      give(engine, world.now, { type: 'disconnect' });
      expect(engine.payloads).toBe(0);
    },
  );

  test('that the engine refuses is not kept', () => {
    const engine = make();
    const send = { type: 'send', message: { id: 1, bytes: 1, payload: {} } } as const;
    expect(() => engine.handleInput(0, send)).toThrow(EngineError);
    const half = { type: 'transport', transport: 1, news: { type: 'frame', frame: { type: 'nothing' } } };
    expect(() => engine.handleInput(0, half as unknown as Input<object>)).toThrow(RangeError);
    expect(engine.payloads).toBe(0);
  });
});

/** A peer that acknowledges half of what it gets, says much, and cuts now and then. */
class World {
  now = 0;
  delivered = 0;
  #transport = 0;
  #id = 0;
  #offset = 0;

  constructor(readonly engine: WordEngine<object>) {
    this.#take({ type: 'connect' });
  }

  round(round: number): void {
    if (round === 0 || round % 7 === 6) {
      this.#reconnect();
    }
    for (let count = 0; count < 25; count++) {
      this.now += 1;
      this.#id += 1;
      const policy = { type: count % 5 === 0 ? 'volatile' : 'configured' } as const;
      const message = { id: this.#id, channel: 1, key: 1, bytes: 3, policy, payload: { id: this.#id } };
      this.#take({ type: 'send', message });
      this.#hear(count);
    }
  }

  #hear(count: number): void {
    const origin = { producer: 5, sequence: this.#offset + 1 };
    this.#frame(
      count % 2 === 0
        ? { type: 'delivery', channel: 1, offset: ++this.#offset, origin, payload: {} }
        : { type: 'message', key: count, payload: {} },
    );
    // A copy, which is dropped.
    this.#frame({ type: 'delivery', channel: 1, offset: this.#offset, origin, payload: {} });
  }

  #reconnect(): void {
    const failure = { cause: { type: 'reset' } } as const;
    this.#news({ type: 'lost', failure });
    this.#take({ type: 'reconnect' });
    this.#news({ type: 'opened' });
    this.#frame({ type: 'welcome', kept: 'memory' });
    this.#take({ type: 'subscribe', channel: 1 });
    this.#frame({ type: 'subscribeOk', channel: 1, epoch: 1, head: this.#offset });
  }

  #frame(frame: Received<object>): void {
    this.#news({ type: 'frame', frame });
  }

  #news(news: Extract<Input<object>, { type: 'transport' }>['news']): void {
    this.#take({ type: 'transport', transport: this.#transport, news });
  }

  #take(input: Input<object>): void {
    try {
      this.engine.handleInput(this.now, input);
    } catch (error) {
      if (!(error instanceof EngineError)) {
        throw error;
      }
    }
    const follow: Input<object>[] = [];
    for (const output of drain(this.engine)) {
      if (output.type === 'dial') {
        this.#transport = output.transport;
      } else if (output.type === 'transmit') {
        const { transport, frame } = output;
        follow.push({ type: 'transport', transport, news: { type: 'written', frames: 1 } });
        if (frame.type === 'publish' && frame.id % 2 === 0) {
          const { channel, origin } = frame;
          const ack = { type: 'ack', channel, origin, offset: 1 } as const;
          follow.push({ type: 'transport', transport, news: { type: 'frame', frame: ack } });
        }
      } else if (output.type === 'event' && output.event.type === 'message') {
        this.delivered += 1;
      }
    }
    for (const next of follow) {
      this.#take(next);
    }
  }
}

describe('several engines', () => {
  test('do not know of each other', () => {
    const [one, other] = [make(), make()];
    give(one, 0, { type: 'connect' });
    expect([one.state(), other.state()]).toEqual(['connecting', 'closed']);
    one.free();
    one.free();
    expect(() => one.state()).toThrow(EngineFault);
    expect(other.state()).toBe('closed');
    const third = make();
    expect(third.state()).toBe('closed');
  });

  test('are at most 4096 at once', () => {
    const createMany = engineMaker(load);
    const many = Array.from({ length: 4096 }, () => createMany({ profile: 'standard', seed: 1 }));
    expect(() => createMany({ profile: 'standard', seed: 1 })).toThrow('4096 engines');
    many[7]?.free();
    createMany({ profile: 'standard', seed: 1 });
  });
});

describe('an engine that traps', () => {
  test('is an error at once and ever after, and the next engine is a new one', () => {
    let traps = false;
    const createBroken = engineMaker(() => {
      const exports = load();
      const input: Exports['input'] = (...words) => {
        if (traps) {
          throw new WebAssembly.RuntimeError('unreachable');
        }
        return exports.input(...words);
      };
      return { ...exports, input };
    });
    const engine = createBroken({ profile: 'standard', seed: 1 });
    traps = true;
    expect(() => engine.handleInput(0, { type: 'connect' })).toThrow(EngineFault);
    traps = false;
    expect(() => engine.handleInput(0, { type: 'connect' })).toThrow(EngineFault);
    expect(() => engine.pollOutput()).toThrow(EngineFault);
    engine.free();
    const next = createBroken({ profile: 'standard', seed: 1 });
    next.handleInput(0, { type: 'connect' });
    expect(next.state()).toBe('connecting');
  });
});

describe('a mistake of the caller', () => {
  const cases: [input: unknown, says: string][] = [
    [{ type: 'conect' }, '`input.type` is conect; accepted: connect, disconnect'],
    [{ type: 'unsubscribe', channel: -1 }, '`channel` is -1; accepted: a whole number from 0 to 4294967295'],
    [{ type: 'unsubscribe' }, '`channel` is undefined; accepted: a whole number'],
    [undefined, '`input` is undefined; accepted: an object'],
    [
      { type: 'transport', transport: 1, news: { type: 'heard', data: 1 } },
      '`data` is 1; accepted: true or false',
    ],
    [
      {
        type: 'transport',
        transport: 1,
        news: { type: 'frame', frame: { type: 'away', reason: 'x', slotMs: 1 } },
      },
      '`reason` is x; accepted: drain, age, rebalance, overload',
    ],
    [
      {
        type: 'transport',
        transport: 1,
        news: { type: 'frame', frame: { type: 'away', reason: 'age', slotMs: Number.NaN } },
      },
      '`slotMs` is NaN; accepted: milliseconds from 0 on',
    ],
  ];

  test.each(cases)('%j says what, the value and what is accepted', (input, says) => {
    const engine = make();
    expect(() => engine.handleInput(0, input as Input<object>)).toThrow(says);
    expect(engine.state()).toBe('closed');
  });

  test('in the time says so', () => {
    expect(() => make().handleInput(-1, { type: 'connect' })).toThrow('`now` is -1; accepted');
    expect(() => make().info(Number.NaN)).toThrow('`now` is NaN; accepted');
  });

  test('that the engine refuses has code, fields and a sentence', () => {
    const engine = make({ settings: { queueMessagesMax: 1, overflow: 'fail' } });
    give(engine, 0, { type: 'connect' });
    const send = (id: number): Input<object> => ({ type: 'send', message: { id, bytes: 5, payload: {} } });
    give(engine, 0, send(1));
    let error: unknown;
    try {
      engine.handleInput(0, send(2));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      name: 'EngineError',
      code: 'queueFull',
      fields: { queuedMessages: 1, queueMessagesMax: 1, queuedBytes: 5, messageBytes: 5, waits: false },
      message: 'outbox is full: 1 of 1 messages and 5 of 8388608 bytes used, 5 bytes more asked',
    });
  });
});

describe('settings', () => {
  const cases: [settings: object, says: string][] = [
    [{ backoffMaxMs: 900_001 }, '`backoffMaxMs` is 900001; accepted: 0 to 900000 milliseconds'],
    [{ backoffMaxMs: false }, '`backoffMaxMs` is false; accepted: 0 to 900000 milliseconds'],
    [{ staleAfterMs: 5 }, '`staleAfterMs` is 5; accepted: 1000 to 86400000 milliseconds, or false'],
    [{ attemptsMax: 1.5 }, '`attemptsMax` is 1.5; accepted: 1 to 1000000, or false'],
    [{ jitter: 'drop' }, '`jitter` is drop; accepted: none, factor, scaled, full, equal, decorrelated'],
    [{ queue: 1 }, '`queue` is 1; accepted: true or false'],
    [{ backofMs: 1 }, '`backofMs` is not a setting'],
    [
      { slowMinMs: 700_000 },
      '`slowMinMs` is 700000 and `slowMaxMs` is 600000; accepted: `slowMinMs` up to `slowMaxMs`',
    ],
  ];

  test.each(cases)('%j are refused with name, value and what is accepted', (settings, says) => {
    expect(() => make({ settings: settings as Partial<Settings> })).toThrow(says);
    expect(() => make({ settings: settings as Partial<Settings> })).toThrow(ConfigError);
  });

  test('of every profile are taken as they are', () => {
    for (const [profile, settings] of Object.entries(DEFAULTS)) {
      expect(Object.keys(settings)).toEqual(SETTINGS.map(([name]) => name));
      make({ profile: profile as EngineOptions['profile'], settings }).free();
    }
  });

  test('can be off', () => {
    make({ settings: { returnWindowMs: false, attemptsMax: null, dialsPerMinute: false } }).free();
  });

  test('beside them: options are checked too', () => {
    expect(() => make({ endpoints: 0 })).toThrow('`endpoints` is 0; accepted: 1 to 65535');
    expect(() => make({ endpoints: 65536 })).toThrow('`endpoints` is 65536; accepted');
    expect(() => make({ seed: -1 })).toThrow('`seed` is -1; accepted');
    expect(() => make({ profile: 'x' as 'rooms' })).toThrow('`profile` is x; accepted: standard, chatBot');
  });
});

describe('a failure', () => {
  test('has the class and the verdict of the Rust table', () => {
    expect(failureClass({ type: 'closed', code: 4150 })).toBe('unauthorized');
    expect(failureClass({ type: 'httpStatus', code: 404 })).toBe('endpointRejected');
    expect(failureClass({ type: 'refused' })).toBe('network');
    expect(verdictOf({ type: 'closed', code: 1008 })).toBe('giveUp');
    expect(verdictOf({ type: 'closed', code: 1006 })).toBe('retry');
    expect(verdictOf({ type: 'subprotocolMismatch' })).toBe('giveUp');
    expect(() => verdictOf({ type: 'closed', code: 70_000 })).toThrow('accepted');
  });
});
