import { describe, expect, it } from 'vitest';
import { type Busy, StatusFlags } from '../../src/chat/flags.js';

/** A clock whose timers run when it is told to pass. */
class Clock {
  time = 0;
  timers: { at: number; run: () => void }[] = [];

  now = () => this.time;

  setTimer = (at: number, run: () => void) => {
    const timer = { at, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  pass(ms: number): void {
    this.time += ms;
    for (const timer of this.timers.filter(({ at }) => at <= this.time)) {
      this.timers = this.timers.filter((other) => other !== timer);
      timer.run();
    }
  }
}

function make() {
  const clock = new Clock();
  const cleared: [string, readonly Busy[]][] = [];
  const timeouts = { thinkingMs: 30_000, extractingMs: 60_000 };
  const flags = new StatusFlags(clock, timeouts, (cause, which) => cleared.push([cause, which]));
  const busy = () =>
    (['thinking', 'extracting', 'summaryGenerating'] as const).filter((flag) => flags.is(flag));
  return { clock, cleared, flags, busy };
}

describe('StatusFlags', () => {
  it('req_c05_flags_follow_the_events', () => {
    const { flags, busy } = make();
    const steps = [
      [{ type: 'thinking_start' }, ['thinking']],
      [{ type: 'extraction_start' }, ['thinking', 'extracting']],
      [{ type: 'thinking_end' }, ['extracting']],
      [{ type: 'extraction_complete', summary_triggered: true }, ['summaryGenerating']],
      [{ type: 'summary_complete' }, []],
      [{ type: 'extraction_start' }, ['extracting']],
      [{ type: 'extraction_complete', summary_triggered: false }, []],
    ] as const;
    for (const [frame, expected] of steps) {
      expect(flags.take(frame)).toBe('new');
      expect(busy()).toEqual(expected);
    }
  });

  it('req_c05_stuck_thinking_is_cleared_after_30_s_and_stuck_extraction_after_60_s', () => {
    const { clock, cleared, flags, busy } = make();
    flags.take({ type: 'thinking_start' });
    flags.take({ type: 'extraction_start' });
    clock.pass(29_999);
    expect(busy()).toEqual(['thinking', 'extracting']);
    clock.pass(1);
    expect(busy()).toEqual(['extracting']);
    clock.pass(29_999);
    expect(busy()).toEqual(['extracting']);
    clock.pass(1);
    expect(cleared).toEqual([
      ['stale', ['thinking']],
      ['stale', ['extracting']],
    ]);
    expect(busy()).toEqual([]);
  });

  it('req_c05_a_new_start_begins_the_time_anew_and_an_end_ends_it', () => {
    const { clock, cleared, flags } = make();
    flags.take({ type: 'thinking_start' });
    clock.pass(20_000);
    flags.take({ type: 'thinking_start' });
    clock.pass(20_000);
    expect(flags.is('thinking')).toBe(true);
    flags.take({ type: 'thinking_end' });
    expect(clock.timers).toEqual([]);
    clock.pass(60_000);
    expect(cleared).toEqual([]);
  });

  it('req_c05_all_are_cleared_when_the_connection_is_lost_and_restored_by_what_the_server_tells_again', () => {
    const { clock, cleared, flags, busy } = make();
    const state = { thinking: true, extracting: false, summary_generating: true };
    const frame = { type: 'thinking_start', version: 5, ...state };
    expect(flags.take(frame)).toBe('new');
    flags.lose();
    expect(busy()).toEqual([]);
    expect(cleared).toEqual([['connection_lost', ['thinking', 'summaryGenerating']]]);
    expect(clock.timers).toEqual([]);
    expect(flags.take(frame)).toBe('restored');
    expect(busy()).toEqual(['thinking', 'summaryGenerating']);
    expect(flags.take(frame)).toBeUndefined();
  });

  it('req_c05_what_was_taken_for_stuck_does_not_begin_anew_when_it_is_told_again', () => {
    const { clock, flags, busy } = make();
    const frame = {
      type: 'thinking_start',
      version: 5,
      thinking: true,
      extracting: false,
      summary_generating: false,
    };
    flags.take(frame);
    clock.pass(30_000);
    expect(flags.take(frame)).toBeUndefined();
    expect(busy()).toEqual([]);
    expect(flags.take({ ...frame, version: 6 })).toBe('new');
    expect(busy()).toEqual(['thinking']);
  });

  it('leaves no timer when the conversation changes', () => {
    const { clock, cleared, flags, busy } = make();
    flags.take({ type: 'thinking_start', version: 9 });
    flags.reset();
    expect(clock.timers).toEqual([]);
    expect(cleared).toEqual([]);
    expect(flags.take({ type: 'thinking_start', version: 2 })).toBe('new');
    expect(busy()).toEqual(['thinking']);
  });
});
