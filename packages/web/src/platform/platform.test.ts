/** What the browser gives, and what is missing elsewhere. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { browserPlatform } from './index.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the platform', () => {
  it('works without a window and a document', () => {
    const platform = browserPlatform();
    expect(platform.now()).toBeGreaterThan(0);
    expect(platform.isOnline()).toBe(true);
    platform.onSignal(() => undefined)();
    expect(platform.random()).not.toBe(platform.random());
    vi.stubGlobal('WebSocket', undefined);
    expect(() => platform.openSocket('ws://a/', [])).toThrow(/openSocket/);
    vi.stubGlobal('crypto', undefined);
    expect(platform.random()).toBeGreaterThanOrEqual(0);
  });

  it('a timer may be as far as it likes, and is cancelled for good', () => {
    vi.useFakeTimers();
    const platform = browserPlatform();
    let calls = 0;
    platform.setTimer(platform.now() + 2 ** 31 + 5000, () => (calls += 1));
    const cancel = platform.setTimer(platform.now() + 1000, () => (calls += 100));
    vi.advanceTimersByTime(500);
    cancel();
    vi.advanceTimersByTime(2 ** 31);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(5000);
    expect(calls).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hears of page and network, and stops hearing', () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    const connection = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    vi.stubGlobal('document', document);
    vi.stubGlobal('navigator', { onLine: false, connection });
    const platform = browserPlatform();
    const heard: string[] = [];
    const stop = platform.onSignal((signal) => void heard.push(signal));
    expect(platform.isOnline()).toBe(false);
    const say = (target: EventTarget, type: string, fields: object = {}) =>
      target.dispatchEvent(Object.assign(new Event(type), fields));
    const all = () => {
      say(page, 'online');
      say(page, 'offline');
      say(page, 'pagehide', { persisted: false });
      say(page, 'pagehide', { persisted: true });
      say(page, 'pageshow', { persisted: true });
      say(document, 'visibilitychange');
      document.visibilityState = 'visible';
      say(document, 'visibilitychange');
      say(document, 'freeze');
      say(document, 'resume');
      say(connection, 'change');
    };
    all();
    expect(heard).toEqual([
      'online',
      'offline',
      'pagehide',
      'pageshow',
      'hidden',
      'visible',
      'frozen',
      'resumed',
      'networkchange',
    ]);
    stop();
    all();
    expect(heard.length).toBe(9);
  });
});
