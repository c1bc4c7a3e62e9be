import { describe, expect, test } from 'vitest';
import { asDownMessage, asLobbyMessage, asUpMessage } from '../../src/tabs/messages.js';

const error = { kind: 'gave_up', message: 'm', cause: 'closed', code: 4500, retrying: false, at: 1 };
const status = {
  state: 'error',
  attempts: 3,
  nextAttemptAt: undefined,
  latencyMs: 12.5,
  quality: 'good',
  lastError: error,
};

describe('what tabs say is checked', () => {
  test.each([
    { type: 'open', link: 'a' },
    { type: 'who' },
    { type: 'retry', always: true },
    { type: 'lead', leader: 'a', status },
    { type: 'lead', leader: 'a', status: { ...status, lastError: undefined } },
  ])('to_all_%j', (message) => {
    expect(asLobbyMessage({ ...message, more: 1 })).toEqual(message);
  });

  test.each([
    { type: 'open' },
    { type: 'open', link: 'x'.repeat(65) },
    { type: 'lead', leader: 'a' },
    { type: 'lead', leader: 'a', status: { ...status, state: 'odd' } },
    { type: 'lead', leader: 'a', status: { ...status, attempts: -1 } },
    { type: 'lead', leader: 'a', status: { ...status, latencyMs: Number.NaN } },
    { type: 'lead', leader: 'a', status: { ...status, lastError: { ...error, kind: 'odd' } } },
    { type: 'lead', leader: 'a', status: { ...status, lastError: 'odd' } },
    { type: 'odd' },
    { type: 'retry' },
    undefined,
    null,
    'who',
    7,
    [],
  ])('not_to_all_%j', (message) => {
    expect(asLobbyMessage(message)).toBeUndefined();
  });

  test.each([
    [asUpMessage, { type: 'frame', text: 'x' }],
    [asUpMessage, { type: 'taken', frames: 64 }],
    [asUpMessage, { type: 'close' }],
    [asDownMessage, { type: 'wait' }],
    [asDownMessage, { type: 'opened' }],
    [asDownMessage, { type: 'frame', text: 'x' }],
    [asDownMessage, { type: 'close', code: 1012, reason: '' }],
  ])('on_a_link_%s_%j', (read, message) => {
    expect(read(message)).toEqual(message);
  });

  test.each([
    [asUpMessage, { type: 'frame', text: 7 }],
    [asUpMessage, { type: 'taken', frames: 1.5 }],
    [asUpMessage, null],
    [asDownMessage, { type: 'close', code: 999, reason: '' }],
    [asDownMessage, { type: 'close', code: 1012 }],
    [asDownMessage, 'opened'],
  ])('not_on_a_link_%s_%j', (read, message) => {
    expect(read(message)).toBeUndefined();
  });
});
