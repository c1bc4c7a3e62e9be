// @vitest-environment jsdom

import { act, renderHook } from '@testing-library/react';
import { StrictMode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caughtUp, message, retained, SceneClient, volatile } from '../../gallery/scene.js';
import type { Payload } from '../api.js';
import { useChannel, useChannelStore, useChannelView, useStatus, useWebSocket } from './index.js';
import './testing-setup.js';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const ROOM = 'room';
const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
const settle = () => act(async () => void (await vi.advanceTimersByTimeAsync(0)));

function open(client: SceneClient, options: Parameters<typeof useChannel>[2] = { history: 0 }) {
  return renderHook(() => useChannel(client, ROOM, options));
}

const payloads = (view: { messages: readonly { type: string }[] }) =>
  view.messages.map((entry) => ('payload' in entry ? entry.payload : entry.type));

describe('useChannel', () => {
  it('shows what comes in order, each once, with gaps in their place', () => {
    const client = new SceneClient();
    const { result } = open(client);
    act(() =>
      client.bring(
        ...[caughtUp(ROOM), message(ROOM, 1, 'a'), message(ROOM, 1, 'a')],
        { type: 'gap', channel: ROOM, from: 2, to: 4, cause: 'slow' },
        message(ROOM, 5, 'b'),
      ),
    );
    expect(payloads(result.current)).toEqual(['a', 'gap', 'b']);
    expect(result.current.isReady).toBe(true);
  });

  it('keeps one reader and its messages through the double mount of StrictMode, and lets go when unmounted', () => {
    const client = new SceneClient();
    const { result, unmount } = renderHook(() => useChannel(client, ROOM, { history: 0 }), {
      wrapper: StrictMode,
    });
    act(() => client.bring(message(ROOM, 1, 'a')));
    vi.runAllTimers();
    expect(client.opened).toBe(1);
    expect(payloads(result.current)).toEqual(['a']);
    unmount();
    vi.runAllTimers();
    expect(client.held).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('shows an own message from the moment it is sent, and how far it is', async () => {
    const client = new SceneClient();
    const { result } = open(client);
    act(() => void result.current.send('hi'));
    const status = () => result.current.messages.map((entry) => entry.type === 'message' && entry.status);
    const seen = [status()];
    act(() => client.tickets[0]?.step('sent'));
    seen.push(status());
    await act(async () => void (await client.tickets[0]?.settle({ status: 'acked', offset: 1 })));
    seen.push(status());
    expect(seen).toEqual([['queued'], ['sent'], ['stored']]);
  });

  it('sends a failed message again, or lets it go', async () => {
    const client = new SceneClient();
    const { result } = open(client);
    act(() => void result.current.send('a'));
    act(() => void result.current.send('b'));
    const dropped = { status: 'dropped', reason: 'refused', code: 4403 } as const;
    await act(async () => void (await client.tickets[0]?.settle(dropped)));
    await act(async () => void (await client.tickets[1]?.settle(dropped)));
    const keys = result.current.messages.map(({ key }) => key);
    act(() => result.current.discard(keys[1] as string));
    act(() => result.current.retry(keys[0] as string));
    expect(client.tickets.map(({ payload }) => payload)).toEqual(['a', 'b', 'a']);
    expect(result.current.messages).toMatchObject([{ payload: 'a', status: 'queued' }]);
  });

  it('loads what was stored before, and more of it when asked', async () => {
    const client = new SceneClient();
    client.past = Array.from({ length: 8 }, (_, at) => message(ROOM, at + 1, at + 1));
    const { result } = open(client, { history: 3 });
    act(() => client.bring(caughtUp(ROOM, 8), message(ROOM, 9, 9)));
    await settle();
    expect(payloads(result.current)).toEqual([6, 7, 8, 9]);
    expect(result.current).toMatchObject({ isReady: true, hasEarlier: true });
    act(() => result.current.loadEarlier());
    await settle();
    expect(payloads(result.current)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(result.current.hasEarlier).toBe(false);
  });

  it('asks for history again when the channel has caught up next, if it could not be had', async () => {
    const client = new SceneClient();
    client.past = [message(ROOM, 1, 'old')];
    const history = vi.spyOn(client, 'history').mockRejectedValueOnce(new Error('lost'));
    const { result } = open(client, { history: 5 });
    act(() => client.bring(caughtUp(ROOM, 1)));
    await settle();
    expect(result.current.isReady).toBe(false);
    act(() => client.bring(caughtUp(ROOM, 1)));
    await settle();
    expect(payloads(result.current)).toEqual(['old']);
    expect(history).toHaveBeenCalledTimes(2);
  });

  it('knows who types until they stop, send, or say nothing more', () => {
    const client = new SceneClient();
    const { result } = open(client, { history: 0, user: 'me' });
    const types = (user: string, typing = true) =>
      act(() => client.bring(volatile(ROOM, 'typing', { typing }, user)));
    types('ann');
    types('bob');
    types('cid');
    types('me');
    expect(result.current.typing).toEqual(['ann', 'bob', 'cid']);
    types('bob', false);
    act(() => client.bring(message(ROOM, 1, 'hi', { user: 'ann' })));
    expect(result.current.typing).toEqual(['cid']);
    pass(5000);
    expect(result.current.typing).toEqual([]);
  });

  it('req_c07_forgets_who_types_when_the_connection_is_lost', () => {
    const client = new SceneClient();
    const { result } = open(client);
    act(() => client.bring(volatile(ROOM, 'typing', { typing: true }, 'ann')));
    act(() => client.set({ state: 'disconnected' }));
    expect(result.current.typing).toEqual([]);
  });

  it('tells seldom that this user types, and once that he stopped', () => {
    const client = new SceneClient();
    const { result } = open(client, { history: 0, user: 'me' });
    for (let key = 0; key < 20; key += 1) act(() => result.current.setTyping(true));
    act(() => result.current.setTyping(false));
    act(() => result.current.setTyping(false));
    const told = client.volatiles.map(({ payload }) => payload);
    expect(told).toEqual([
      { typing: true, expires_in_ms: 5000, user_id: 'me' },
      { typing: false, expires_in_ms: 5000, user_id: 'me' },
    ]);
  });

  it('knows who is here and who has read how far, and tells what this user has read once', () => {
    const client = new SceneClient();
    const { result } = open(client);
    act(() =>
      client.bring(
        retained(ROOM, 'presence', { count: 3, members: ['ann', 'bob'] }),
        retained(ROOM, 'read:ann', { sequence_number: 4 }),
        volatile(ROOM, 'read', { sequence_number: 2 }, 'ann'),
        message(ROOM, 5, 'x'),
      ),
    );
    expect(result.current.presence).toEqual({ count: 3, members: ['ann', 'bob'] });
    expect(result.current.reads).toEqual({ ann: 4 });
    act(() => result.current.markRead());
    act(() => result.current.markRead());
    expect(client.volatiles).toEqual([{ channel: ROOM, key: 'read', payload: { sequence_number: 5 } }]);
  });

  it.each([
    ['limit', 0],
    ['limit', 20_000],
    ['history', 300],
  ])('says what is accepted when %s is %d', (name, value) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(() => open(new SceneClient(), { [name]: value })).toThrow(
      new RegExp(`\`${name}\` is ${value}; accepted`),
    );
    vi.restoreAllMocks();
  });

  it('survives what cannot be understood', () => {
    const client = new SceneClient();
    const { result } = open(client);
    const odd: Payload[] = [
      null,
      1,
      'x',
      [],
      { count: 'many' },
      { typing: 'yes', expires_in_ms: 'soon' },
      { version: {} },
    ];
    for (const key of ['typing', 'presence', 'read', 'read:__proto__', 'status']) {
      for (const payload of odd)
        act(() => client.bring(retained(ROOM, key, payload), volatile(ROOM, key, payload)));
    }
    expect(result.current.presence).toBeUndefined();
    expect(result.current.reads).toEqual({});
  });
});

describe('a part of a channel', () => {
  it('renders for itself only', () => {
    const client = new SceneClient();
    let renders = 0;
    renderHook(() => {
      renders += 1;
      const store = useChannelStore(client, ROOM, { history: 0 });
      return useChannelView(store, (view) => view.presence);
    });
    const before = renders;
    act(() =>
      client.bring(
        message(ROOM, 1, 'a'),
        message(ROOM, 2, 'b'),
        volatile(ROOM, 'typing', { typing: true }, 'x'),
      ),
    );
    expect(renders).toBe(before);
    act(() => client.bring(retained(ROOM, 'presence', { count: 1, members: [] })));
    expect(renders).toBe(before + 1);
  });
});

describe('useStatus', () => {
  const state = (version: number, part: object) =>
    retained(ROOM, 'status', { version, type: 'x', ...part }, version);
  const opened = (client: SceneClient) => renderHook(() => useStatus(client, ROOM));

  it('req_c05_follows_the_worker', () => {
    const client = new SceneClient();
    const { result } = opened(client);
    const seen = [{ thinking: true }, { extracting: true }, { summary_generating: true }, {}].map(
      (part, at) => {
        act(() => client.bring(state(at + 1, part)));
        const { isThinking, isExtracting, isSummaryGenerating } = result.current;
        return [isThinking, isExtracting, isSummaryGenerating];
      },
    );
    expect(seen).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, false],
    ]);
  });

  it('does not go back to an older state', () => {
    const client = new SceneClient();
    const { result } = opened(client);
    act(() => client.bring(state(2, {}), state(1, { thinking: true })));
    expect(result.current.isThinking).toBe(false);
  });

  it('req_c05_clears_stuck_thinking_after_30_s_and_stuck_extraction_after_60_s', () => {
    const client = new SceneClient();
    const { result } = opened(client);
    act(() => client.bring(state(1, { thinking: true, extracting: true, summary_generating: true })));
    pass(29_999);
    expect(result.current).toMatchObject({ isThinking: true, isExtracting: true });
    pass(1);
    expect(result.current).toMatchObject({ isThinking: false, isExtracting: true });
    pass(30_000);
    expect(result.current).toMatchObject({ isExtracting: false, isSummaryGenerating: false });
  });

  it('req_c05_clears_all_when_the_connection_is_lost_and_is_right_again_when_it_is_back', () => {
    const client = new SceneClient();
    const { result } = opened(client);
    act(() => client.bring(state(1, { thinking: true })));
    act(() => client.set({ state: 'reconnecting' }));
    expect(result.current).toMatchObject({ isThinking: false, isInterrupted: true });
    // The same value is retained still; the client does not tell it a second time.
    act(() => client.set({}));
    expect(result.current).toMatchObject({ isThinking: true, isInterrupted: false });
  });
});

describe('useWebSocket', () => {
  it('req_r03_joins_rooms_and_collects_their_messages', () => {
    const client = new SceneClient();
    const { result } = renderHook(() => useWebSocket({ client }), { wrapper: StrictMode });
    act(() => result.current.joinRoom('a'));
    act(() => result.current.joinRoom('b'));
    act(() => result.current.joinRoom('a'));
    expect(result.current.rooms).toEqual(['a', 'b']);
    act(() => client.bring(message('a', 1, 'x'), message('b', 1, 'y'), message('c', 1, 'z')));
    expect(result.current.messages.map(({ room, payload }) => [room, payload])).toEqual([
      ['a', 'x'],
      ['b', 'y'],
    ]);
    act(() => result.current.leaveRoom('a'));
    act(() => client.bring(message('a', 2, 'late')));
    expect(result.current.messages.length).toBe(2);
  });

  it('req_r03_sends_reconnects_and_tells_state_and_quality', () => {
    const client = new SceneClient({ quality: 'good' });
    const { result } = renderHook(() => useWebSocket({ client }));
    act(() => void result.current.sendMessage('a', 'hi'));
    act(() => result.current.reconnect());
    expect(client.tickets[0]).toMatchObject({ channel: 'a', payload: 'hi' });
    expect(client.reconnects).toBe(1);
    expect(result.current).toMatchObject({
      socket: client,
      connectionState: 'connected',
      connectionQuality: 'good',
    });
  });

  it('req_r03_calls_the_newest_listeners_without_registering_them_anew', () => {
    const client = new SceneClient();
    const heard: unknown[] = [];
    const add = vi.spyOn(client, 'addEventListener');
    const { rerender } = renderHook(
      ({ tag }) =>
        useWebSocket({
          client,
          onReconnect: (attempts) => heard.push([tag, attempts]),
          onConnectionQualityChange: (quality) => heard.push([tag, quality]),
        }),
      { initialProps: { tag: 1 } },
    );
    rerender({ tag: 2 });
    client.emit('reconnected', { attempts: 3, downtimeMs: 100 });
    client.emit('qualitychange', { from: 'good', to: 'poor' });
    expect(heard).toEqual([
      [2, 3],
      [2, 'poor'],
    ]);
    expect(add).toHaveBeenCalledTimes(2);
  });

  it('req_r03_does_not_render_for_the_quality_when_that_is_not_followed', () => {
    const client = new SceneClient({ quality: 'good' });
    let renders = 0;
    renderHook(() => {
      renders += 1;
      return useWebSocket({ client, enableConnectionQuality: false });
    });
    act(() => client.set({ quality: 'poor' }));
    expect(renders).toBe(1);
  });

  it('keeps a bounded number of messages', () => {
    const client = new SceneClient();
    const { result } = renderHook(() => useWebSocket({ client, rooms: ['a'], limit: 3 }));
    for (let offset = 1; offset <= 5; offset += 1) act(() => client.bring(message('a', offset, offset)));
    expect(result.current.messages.map(({ payload }) => payload)).toEqual([3, 4, 5]);
  });
});
