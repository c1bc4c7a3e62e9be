/** The engine, as a page runs it, held to what the Rust engine did with the same inputs. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { load as loadWasm } from './backend.js';
import { load as loadScript } from './backend-no-wasm.js';
import { engineMaker } from './engine.js';
import { EngineError } from './errors.js';
import type { Engine, EngineOptions, Input, Output } from './types.js';

/** What `traces` of `crates/everlink-wasm` has written. */
const TRACES = process.env.EVERLINK_TRACES ?? new URL('../../../../target/web/traces.jsonl', import.meta.url);

type Header = { readonly options: EngineOptions };

interface Step {
  readonly now: number;
  readonly input: Input<number>;
  readonly error?: { readonly type: string };
  readonly outputs: readonly Output<number>[];
  readonly timeout?: unknown;
  readonly overlapping: boolean;
  readonly state: string;
  readonly cursor: unknown;
  readonly info: unknown;
}

const lines = readFileSync(TRACES, 'utf8').trimEnd().split('\n');

describe.each([
  ['WebAssembly', loadWasm],
  ['JavaScript', loadScript],
])('the engine as %s', (_, load) => {
  test('gives for every input what the Rust engine gives', () => {
    const createEngine = engineMaker(load);
    let engine: Engine<number> | undefined;
    let run = 0;
    for (const [at, line] of lines.entries()) {
      const parsed = JSON.parse(line) as Header | Step;
      if ('options' in parsed) {
        engine?.free();
        engine = createEngine(parsed.options);
        run++;
      } else if (engine !== undefined) {
        const differs = difference(told(engine, parsed), expected(parsed), '');
        if (differs !== undefined) {
          expect.fail(`line ${at + 1}, ${JSON.stringify(parsed.input)}: ${differs}`);
        }
      }
    }
    expect(run).toBeGreaterThanOrEqual(72);
  });
});

function expected(step: Step): object {
  const { error, outputs, timeout, overlapping, state, cursor, info } = step;
  return { error, outputs, timeout, overlapping, state, cursor, info };
}

/** What the engine tells after an input, as a trace has it. */
function told(engine: Engine<number>, step: Step): object {
  let error: object | undefined;
  try {
    engine.handleInput(step.now, step.input);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) {
      throw thrown;
    }
    error = { type: thrown.code, ...thrown.fields };
  }
  const outputs: Output<number>[] = [];
  for (let output = engine.pollOutput(); output !== undefined; output = engine.pollOutput()) {
    outputs.push(output);
  }
  return {
    error,
    outputs,
    timeout: engine.pollTimeout(),
    overlapping: engine.isOverlapping(),
    state: engine.state(),
    cursor: engine.cursor(0),
    info: engine.info(step.now),
  };
}

/** Says the first difference; what is null is as what is not there, and times agree to a nanosecond. */
function difference(actual: unknown, wanted: unknown, path: string): string | undefined {
  if ((actual ?? undefined) === (wanted ?? undefined)) {
    return undefined;
  }
  if (typeof actual === 'number' && typeof wanted === 'number') {
    const near = Math.abs(actual - wanted) <= Math.max(1e-7, Math.abs(wanted) * 1e-15);
    return near ? undefined : `${path} is ${actual}, not ${wanted}`;
  }
  if (typeof actual !== 'object' || typeof wanted !== 'object' || actual === null || wanted === null) {
    return `${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`;
  }
  const names = new Set([...Object.keys(actual), ...Object.keys(wanted)]);
  for (const name of names) {
    const [own, other] = [actual, wanted].map((bag) => (bag as Record<string, unknown>)[name]);
    const found = difference(own, other, `${path}.${name}`);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
