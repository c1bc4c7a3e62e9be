import { afterEach, describe, expect, it, vi } from 'vitest';
import { fromEnvironment } from '../../src/rooms/environment.js';

describe('fromEnvironment', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('req_r10_reads_the_five_variables', () => {
    const read = fromEnvironment({
      NEXT_PUBLIC_SOCKET_URL: 'http://localhost:3001',
      NEXT_PUBLIC_SOCKET_PATH: '/api/socket',
      NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS: '9',
      NEXT_PUBLIC_RECONNECTION_BASE_DELAY: '250',
      NEXT_PUBLIC_RECONNECTION_MAX_DELAY: ' 7500 ',
    });
    expect(read).toEqual({
      url: 'ws://localhost:3001/api/socket',
      reconnection: { maxAttempts: 9, baseDelay: 250, maxDelay: 7500 },
    });
  });

  it('req_r10_reads_what_a_page_was_built_with_and_takes_nothing_for_set_that_is_empty', () => {
    vi.stubEnv('NEXT_PUBLIC_SOCKET_URL', 'https://chat.example');
    vi.stubEnv('NEXT_PUBLIC_SOCKET_PATH', '');
    vi.stubEnv('NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS', '3');
    expect(fromEnvironment()).toEqual({ url: 'wss://chat.example/', reconnection: { maxAttempts: 3 } });
    expect(fromEnvironment({})).toEqual({ url: undefined, reconnection: {} });
  });

  it.each([
    [
      'NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS',
      'five',
      'is "five"; accepted: an integer from 1 to 1000000, or Infinity',
    ],
    ['NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS', '0', 'is "0"; accepted: an integer from 1'],
    [
      'NEXT_PUBLIC_RECONNECTION_BASE_DELAY',
      '1e3',
      'is "1e3"; accepted: an integer from 0 to 900000 (milliseconds)',
    ],
    [
      'NEXT_PUBLIC_RECONNECTION_BASE_DELAY',
      '6000',
      'is "6000"; accepted: at most NEXT_PUBLIC_RECONNECTION_MAX_DELAY',
    ],
    [
      'NEXT_PUBLIC_RECONNECTION_MAX_DELAY',
      '10',
      'is "10"; accepted: at least NEXT_PUBLIC_RECONNECTION_BASE_DELAY (1000)',
    ],
    ['NEXT_PUBLIC_SOCKET_PATH', 'api', 'is "api"; accepted: a path that begins with /'],
    ['NEXT_PUBLIC_SOCKET_URL', 'ftp://secret@host', 'is not such an address; accepted: an address such as'],
  ])(
    'req_r10_%s=%s is an error that names variable, value and what is accepted',
    (variable, value, expected) => {
      expect(() => fromEnvironment({ [variable]: value })).toThrow(
        `environment variable ${variable} ${expected}`,
      );
    },
  );
});
