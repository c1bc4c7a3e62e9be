/** The engine behind its TypeScript interface: no rule stands here, only words. */

import { EngineError, type EngineErrorCode, EngineFault, type ErrorFields } from './errors.js';
import { shapes } from './generated/shapes.js';
import { type Exports, FULL, Host, REFUSED } from './host.js';
import { type ConfigRefusal, checkedOptions, configError } from './options.js';
import { Payloads } from './payloads.js';
import type {
  ConnectionInfo,
  ConnectionState,
  CreateEngine,
  Cursor,
  Deadline,
  Engine,
  EngineOptions,
  Input,
  Output,
} from './types.js';
import { refused, type Shape } from './words.js';

type Shapes = ReturnType<typeof shapes>;

/** Makes `createEngine` for a way of loading the compiled engine, which happens at its first call. */
export function engineMaker(load: () => Exports): CreateEngine {
  let host: Host | undefined;
  let table: Shapes | undefined;
  return <P>(options: EngineOptions): Engine<P> => {
    table ??= shapes();
    if (host === undefined || host.isBroken) {
      host = new Host(load);
    }
    return new WordEngine<P>(host, table, options);
  };
}

/** One engine: a number in its host, and the payloads that the host has no place for. */
export class WordEngine<P> implements Engine<P> {
  readonly #host: Host;
  readonly #shapes: Shapes;
  readonly #number: number;
  readonly #payloads = new Payloads();
  #freed = false;

  constructor(host: Host, shapes: Shapes, options: EngineOptions) {
    this.#host = host;
    this.#shapes = shapes;
    const words = this.#words(shapes.options, checkedOptions(options), 'options');
    this.#number = this.#made(host.call((exports) => exports.create(host.put(words))));
  }

  /** How many payloads are kept for the engine; for tests. */
  get payloads(): number {
    return this.#payloads.size;
  }

  handleInput(now: number, input: Input<P>): void {
    try {
      this.#report(now, input);
    } catch (error) {
      this.#payloads.refused();
      throw error;
    }
    this.#payloads.taken(input.type === 'send' ? input.message.id : undefined);
  }

  pollOutput(): Output<P> | undefined {
    const words = this.#call((exports) => exports.output(this.#number));
    if (words === 0) {
      this.#payloads.drained(() => this.isOverlapping());
      return undefined;
    }
    const output = this.#read(this.#shapes.output, words) as Output<P>;
    if (output.type === 'event' && output.event.type === 'settled') {
      this.#payloads.settled(output.event.first, output.event.last);
    }
    return output;
  }

  pollTimeout(): Deadline | undefined {
    const words = this.#call((exports) => exports.timeout(this.#number));
    return words === 0 ? undefined : (this.#read(this.#shapes.deadline, words) as Deadline);
  }

  info(now: number): ConnectionInfo {
    const words = this.#call((exports) => exports.info(this.#number, moment(now)));
    return this.#read(this.#shapes.info, words) as ConnectionInfo;
  }

  state(): ConnectionState {
    const words = this.#call((exports) => exports.state(this.#number));
    return this.#read(this.#shapes.state, words) as ConnectionState;
  }

  cursor(channel: number): Cursor | undefined {
    const words = this.#call((exports) => exports.cursor(this.#number, channel));
    return this.#read(this.#shapes.cursor, words) as Cursor | undefined;
  }

  isOverlapping(): boolean {
    return this.#call((exports) => exports.overlaps(this.#number)) === 1;
  }

  free(): void {
    this.#payloads.clear();
    if (!this.#host.isBroken && !this.#freed) {
      this.#host.call((exports) => exports.free(this.#number));
    }
    this.#freed = true;
  }

  #report(now: number, input: Input<P>): void {
    const count = this.#host.put(this.#words(this.#shapes.input, withPolicy(input), 'input'));
    const status = this.#call((exports) => exports.input(this.#number, moment(now), count));
    if (status === REFUSED) {
      const { type, ...fields } = this.#read(this.#shapes.inputError, 0) as Refusal;
      throw new EngineError(type as EngineErrorCode, fields);
    }
  }

  #made(status: number): number {
    if (status === REFUSED) {
      throw configError(this.#read(this.#shapes.configError, 0) as ConfigRefusal);
    }
    return answered(status);
  }

  #call(act: (exports: Exports) => number): number {
    if (this.#freed) {
      throw new EngineFault('the engine was freed');
    }
    const status = this.#host.call(act);
    return status === REFUSED ? status : answered(status);
  }

  #words(shape: Shape, value: unknown, name: string): number[] {
    const words: number[] = [];
    shape.write({ words, keep: (payload) => this.#payloads.keep(payload) }, value, name);
    return words;
  }

  /** A refusal says nothing of its length; it is never longer than the least scratch. */
  #read(shape: Shape, words: number): unknown {
    const value = (handle: number) => this.#payloads.value(handle);
    return shape.read({ words: this.#host.take(words), at: 0, value });
  }
}

type Refusal = { type: string } & ErrorFields;

/** A send without a policy has the configured one. */
function withPolicy<P>(input: Input<P>): Input<P> {
  if (input?.type !== 'send' || input.message?.policy !== undefined) {
    return input;
  }
  return { type: 'send', message: { ...input.message, policy: { type: 'configured' } } };
}

function moment(now: number): number {
  if (!(now >= 0 && now < Number.POSITIVE_INFINITY)) {
    throw refused('now', now, 'milliseconds from 0 on');
  }
  return now;
}

/** What goes wrong here is a mistake of this package, except for the number of engines. */
function answered(status: number): number {
  if (status === FULL) {
    throw new RangeError('4096 engines are alive, the most there can be; accepted: free() one first');
  }
  if (status < 0) {
    throw new EngineFault(`the engine answers ${status}`);
  }
  return status;
}
