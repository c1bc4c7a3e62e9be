import { beforeEach, describe, expect, it } from 'vitest';
import { getGlobalReconnectionManager, resetGlobalReconnectionManager } from '../../src/rooms/global.js';
import type { ReconnectionOptions } from '../../src/rooms/options.js';
import { ReconnectionManager } from '../../src/rooms/reconnection.js';

describe('getGlobalReconnectionManager', () => {
  beforeEach(resetGlobalReconnectionManager);

  it('req_r01_there_is_one_for_a_page', () => {
    const manager = getGlobalReconnectionManager({ maxAttempts: 10, baseDelay: 500 });
    expect(getGlobalReconnectionManager()).toBe(manager);
    expect(getGlobalReconnectionManager({ maxAttempts: 10, jitter: true })).toBe(manager);
  });

  it('req_r01_conflicting_options_of_a_later_call_are_told', () => {
    getGlobalReconnectionManager({ maxAttempts: 10 });
    expect(() => getGlobalReconnectionManager({ maxAttempts: 5 })).toThrow(
      "`maxAttempts` is 5, and the page's manager was made with 10; accepted: 10",
    );
    expect(() => getGlobalReconnectionManager({ baseDelay: -1 })).toThrow(
      '`baseDelay` is -1; accepted: an integer',
    );
  });
});

describe('ReconnectionManager', () => {
  it('req_r01_has_the_defaults_and_says_them_in_the_words_of_the_engine', () => {
    expect(new ReconnectionManager().settings).toEqual({
      backoffMinMs: 1000,
      backoffMaxMs: 5000,
      attemptsMax: 5,
      backoffMultiplier: 2,
      jitter: 'equal',
      heartbeatIntervalMs: 5000,
      heartbeatTimeoutMs: 3000,
    });
    const own = new ReconnectionManager({ jitter: false, maxAttempts: Number.POSITIVE_INFINITY });
    expect(own.settings).toMatchObject({ jitter: 'none', attemptsMax: false });
  });

  it.each<[object, string]>([
    [{ baseDelay: 1.5 }, '`baseDelay` is 1.5; accepted: an integer from 0 to 900000 (milliseconds)'],
    [{ baseDelay: 6000 }, '`maxDelay` is 5000; accepted: `baseDelay` (6000) to 900000'],
    [{ maxAttempts: 0 }, '`maxAttempts` is 0; accepted: an integer from 1 to 1000000, or Infinity'],
    [{ backoffMultiplier: 0.5 }, '`backoffMultiplier` is 0.5; accepted: a number from 1 to 10'],
    [{ jitter: 'full' }, '`jitter` is "full"; accepted: true or false'],
    [{ healthCheckInterval: 1 }, '`healthCheckInterval` is 1; accepted: an integer from 100'],
    [{ pingTimeout: '3000' }, '`pingTimeout` is "3000"; accepted: an integer from 50'],
    [{ maxRetries: 5 }, '`maxRetries` is not an option; accepted: baseDelay, maxDelay'],
  ])('req_r01_%o is an error that names option, value and what is accepted', (options, expected) => {
    expect(() => new ReconnectionManager(options as ReconnectionOptions)).toThrow(expected);
  });

  it('tells of an event that does not exist', () => {
    const manager = new ReconnectionManager();
    expect(() => manager.on('reconnected' as never, () => undefined)).toThrow(
      '`event` is "reconnected"; accepted: reconnection_attempt',
    );
  });
});
