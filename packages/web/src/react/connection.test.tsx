// @vitest-environment jsdom
import { act, render, renderHook } from '@testing-library/react';
import { type ReactNode, StrictMode } from 'react';
import { hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionError, SceneClient } from '../../gallery/scene.js';
import { durationText } from './connection/words.js';
import {
  ConnectionBanner,
  ConnectionStatus,
  connectionStore,
  EverlinkProvider,
  useConnection,
} from './index.js';
import './testing-setup.js';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const within = (client: SceneClient) => ({
  wrapper: ({ children }: { children: ReactNode }) => (
    <EverlinkProvider client={client}>{children}</EverlinkProvider>
  ),
});

describe('useConnection with a selector', () => {
  it('renders when the selection changed, and not for the rest', () => {
    const client = new SceneClient();
    let renders = 0;
    const { result } = renderHook(() => {
      renders += 1;
      return useConnection(({ state, queuedMessages }) => ({ state, some: queuedMessages > 0 }));
    }, within(client));
    const first = result.current;
    act(() => client.set({ latencyMs: 80, quality: 'good' }));
    expect([renders, result.current]).toEqual([1, first]);
    act(() => client.set({ queuedMessages: 2 }));
    act(() => client.set({ queuedMessages: 3 }));
    expect(renders).toBe(2);
    expect(result.current).toEqual({ state: 'connected', some: true });
  });

  it('gives the same object while it is the same, though the selector is a new one each time', () => {
    const client = new SceneClient();
    const { result, rerender } = renderHook(() => useConnection(({ state }) => ({ state })), within(client));
    const first = result.current;
    rerender();
    rerender();
    expect(result.current).toBe(first);
  });

  it('takes a source that is given before that of the provider', () => {
    const other = new SceneClient({ state: 'error' });
    const { result } = renderHook(() => useConnection((s) => s.state, other), within(new SceneClient()));
    expect(result.current).toBe('error');
  });
});

describe('useConnection without a selector', () => {
  it('req_m10_says_the_state_in_words_that_follow_the_time', () => {
    const client = new SceneClient();
    const { result } = renderHook(() => useConnection(), within(client));
    expect(result.current.status).toBe('Connected (45s)');
    act(() => void vi.advanceTimersByTime(1000));
    expect(result.current.status).toBe('Connected (46s)');
    expect(result.current.metrics.connectionDurationMs).toBe(46_000);
    act(() => void vi.advanceTimersByTime(14_000));
    expect(result.current.status).toBe('Connected (1m)');
  });

  it('renders once a minute when it has stood for a minute, and leaves no timer', () => {
    const client = new SceneClient({ connectedSince: 1_000_000 - 61_000 });
    let renders = 0;
    const { unmount } = renderHook(() => {
      renders += 1;
      return useConnection();
    }, within(client));
    for (let minute = 0; minute < 2; minute += 1) act(() => void vi.advanceTimersByTime(60_000));
    expect(renders).toBe(3);
    unmount();
    expect(vi.getTimerCount()).toBe(0);
    expect(client.held).toBe(0);
  });

  it('req_m10_has_what_the_store_of_the_messenger_had', () => {
    const client = new SceneClient({ state: 'reconnecting', queuedMessages: 3, reconnects: 2 });
    const { result } = renderHook(() => useConnection(), within(client));
    expect(result.current).toMatchObject({
      state: 'reconnecting',
      isConnected: false,
      isReconnecting: true,
      hasQueuedMessages: true,
    });
    expect(result.current.metrics).toMatchObject({
      state: 'reconnecting',
      connected: false,
      reconnects: 2,
      queuedMessages: 3,
    });
  });

  it('req_m10_shows_what_the_application_says_until_the_connection_says_otherwise', () => {
    const client = new SceneClient();
    const { result } = renderHook(() => useConnection(), within(client));
    act(() => result.current.updateState('reconnecting'));
    act(() => result.current.updateMetrics({ queuedMessages: 7 }));
    act(() => result.current.setError(new Error('boom')));
    expect(result.current).toMatchObject({
      state: 'reconnecting',
      isConnected: false,
      hasQueuedMessages: true,
    });
    expect(result.current.lastError).toMatchObject({ kind: 'server_error', message: 'boom' });
    act(() => result.current.clearError());
    expect(result.current.lastError).toBeUndefined();
    act(() => client.set({ state: 'disconnected', lastError: connectionError('connection_lost') }));
    expect(result.current).toMatchObject({ state: 'disconnected', hasQueuedMessages: false });
    expect(result.current.lastError).toMatchObject({ kind: 'connection_lost' });
  });

  it('works without any client, for code that tells the store itself', () => {
    const { result } = renderHook(() => useConnection());
    act(() => connectionStore().getState().updateState('connected'));
    expect(result.current.status).toBe('Connected (0s)');
    act(() => connectionStore().getState().updateState('closed'));
    expect(result.current.status).toBe('Not connected');
  });

  it('says a duration in its largest unit', () => {
    const times = [0, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000 * 3];
    expect(times.map((ms) => durationText(ms))).toEqual(['0s', '59s', '1m', '59m', '1h', '3d']);
  });
});

describe('EverlinkProvider', () => {
  it('makes one client, connects it once, and survives the double mount of StrictMode', () => {
    const made: SceneClient[] = [];
    const create = () => {
      made.push(new SceneClient());
      return made.at(-1) as SceneClient;
    };
    const { unmount } = render(
      <StrictMode>
        <EverlinkProvider create={create}>
          <Words />
        </EverlinkProvider>
      </StrictMode>,
    );
    act(() => void vi.advanceTimersByTime(100));
    expect(made.length).toBe(1);
    expect(made[0]).toMatchObject({ closes: 0 });
    expect(document.body.textContent).toContain('Connected');
    unmount();
    vi.runAllTimers();
    expect(made.map(({ closes }) => closes)).toEqual([1]);
    expect(made[0]?.held).toBe(0);
  });

  it('leaves a client alone that the application keeps', () => {
    const client = new SceneClient();
    const { unmount } = render(<EverlinkProvider client={client}>{null}</EverlinkProvider>);
    unmount();
    vi.runAllTimers();
    expect(client).toMatchObject({ connects: 0, closes: 0 });
  });

  it('says what it needs when it has neither client nor create', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(() => render(<EverlinkProvider>{null}</EverlinkProvider>)).toThrow(/`client`.*`create`/);
  });
});

describe('a page that a server rendered', () => {
  it('is hydrated without a mismatch though the connection stands already, and shows it then', () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const client = new SceneClient();
    const box = document.createElement('div');
    box.innerHTML = renderToString(<Page client={client} />);
    expect(box.textContent).toContain('Not connected');
    const recovered: unknown[] = [];
    let root: Root | undefined;
    const onRecoverableError = (error: unknown) => recovered.push(error);
    act(() => {
      root = hydrateRoot(box, <Page client={client} />, { onRecoverableError });
    });
    expect(box.textContent).toContain('Connected (45s)');
    expect([recovered, complaints.mock.calls]).toEqual([[], []]);
    act(() => root?.unmount());
  });
});

function Page({ client }: { readonly client: SceneClient }) {
  return (
    <EverlinkProvider client={client}>
      <ConnectionStatus position="inline" />
      <ConnectionBanner delayMs={0} />
      <Words />
    </EverlinkProvider>
  );
}

function Words() {
  return <p>{useConnection().status}</p>;
}
