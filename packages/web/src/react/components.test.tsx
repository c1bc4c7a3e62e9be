// @vitest-environment jsdom
import { act, fireEvent, render, screen } from '@testing-library/react';
import { createRef, StrictMode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionError, SceneClient } from '../../gallery/scene.js';
import { ConnectionBanner, ConnectionIndicator, ConnectionQuality, ConnectionStatus } from './index.js';
import { expectAccessible } from './testing-setup.js';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
const text = (role: string) => screen.getAllByRole(role).map((element) => element.textContent);
const banner = () => document.querySelector('.everlink-banner');

describe('ConnectionBanner', () => {
  it('req_m09_shows_only_while_the_connection_is_away', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} />);
    expect(banner()).toBeNull();
    act(() => client.set({ state: 'reconnecting' }));
    pass(1500);
    expect(banner()?.textContent).toContain('Reconnecting…');
    act(() => client.set({}));
    expect(banner()).toBeNull();
    act(() => client.set({ state: 'closed' }));
    pass(5000);
    expect(banner()).toBeNull();
  });

  it('passes over a loss of less than one and a half seconds', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} />);
    act(() => client.set({ state: 'disconnected' }));
    pass(700);
    // Another state of the same loss does not begin the time anew.
    act(() => client.set({ state: 'reconnecting' }));
    pass(799);
    expect(banner()).toBeNull();
    pass(1);
    expect(banner()).not.toBeNull();
    act(() => client.set({}));
    act(() => client.set({ state: 'reconnecting' }));
    pass(1499);
    expect(banner()).toBeNull();
  });

  it('req_m09_has_other_words_for_reconnecting_and_disconnected_and_tells_at_once_that_it_gave_up', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} delayMs={0} />);
    const seen = (['reconnecting', 'disconnected', 'connecting'] as const).map((state) => {
      act(() => client.set({ state }));
      pass(0);
      return banner()?.querySelector('strong')?.textContent;
    });
    act(() => client.set({ state: 'error' }));
    seen.push(banner()?.querySelector('strong')?.textContent);
    expect(seen).toEqual(['Reconnecting…', 'Disconnected', 'Connecting…', 'Could not reconnect']);
  });

  it('req_m11_says_what_each_kind_of_error_means', () => {
    const said = (['connection_error', 'connection_lost', 'server_error', 'gave_up'] as const).map((kind) => {
      const client = new SceneClient({ state: 'error', lastError: connectionError(kind, 'no room named x') });
      const { unmount } = render(<ConnectionBanner source={client} />);
      const text = banner()?.querySelector('p')?.textContent?.replace('Could not reconnect ', '');
      unmount();
      return text;
    });
    expect(said).toEqual([
      'The server cannot be reached. Trying again.',
      'The connection was lost. It will be back by itself.',
      'The server refused: no room named x',
      'No further attempt is made by itself.',
    ]);
  });

  it('req_c10_has_a_button_that_reconnects_now', () => {
    const client = new SceneClient({ state: 'disconnected' });
    render(<ConnectionBanner source={client} delayMs={0} />);
    pass(0);
    fireEvent.click(screen.getByRole('button', { name: 'Reconnect now' }));
    act(() => client.set({ state: 'error' }));
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(client.reconnects).toBe(2);
  });

  it('passes ref, class and other properties on, and takes other words', () => {
    const ref = createRef<HTMLDivElement>();
    const client = new SceneClient({ state: 'error' });
    render(
      <ConnectionBanner
        source={client}
        ref={ref}
        className="mine"
        data-x="1"
        texts={{ tryAgain: 'Noch einmal' }}
      />,
    );
    expect(ref.current?.className).toBe('everlink everlink-banner mine');
    expect(ref.current?.dataset.x).toBe('1');
    screen.getByRole('button', { name: 'Noch einmal' });
  });
});

describe('what a screen reader hears', () => {
  it('is one region that is there from the start, empty, and filled in a later tick', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} />);
    const region = screen.getByRole('status');
    expect(region.textContent).toBe('');
    act(() => client.set({ state: 'reconnecting' }));
    pass(1500);
    expect(region.textContent).toBe('');
    pass(100);
    expect(region.textContent).toBe('Reconnecting…');
    act(() => client.set({}));
    pass(100);
    expect(region.textContent).toBe('Connected again');
    expect(screen.getByRole('status')).toBe(region);
  });

  it('is nothing when a short loss was passed over', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} />);
    act(() => client.set({ state: 'reconnecting' }));
    pass(1000);
    act(() => client.set({}));
    pass(10_000);
    expect([...text('status'), ...text('alert')]).toEqual(['', '']);
  });

  it('is an alert only when it gave up', () => {
    const client = new SceneClient();
    render(<ConnectionBanner source={client} />);
    act(() => client.set({ state: 'reconnecting' }));
    pass(1500);
    pass(100);
    expect([...text('status'), ...text('alert')]).toEqual(['Reconnecting…', '']);
    act(() => client.set({ state: 'error' }));
    pass(100);
    expect([...text('status'), ...text('alert')]).toEqual(['', 'Could not reconnect']);
  });

  it('is never the time that passes', () => {
    const client = new SceneClient({ state: 'reconnecting', nextAttemptAt: 1_030_000 });
    render(<ConnectionStatus source={client} showMetrics />);
    const heard = new Set<string>();
    for (let second = 0; second < 30; second += 1) {
      pass(1000);
      act(() => client.set({ state: 'reconnecting', nextAttemptAt: 1_030_000, attempts: second }));
      for (const said of text('status')) heard.add(said ?? '');
    }
    expect([...heard].sort()).toEqual(['', 'Reconnecting…']);
  });

  it('comes from one component only, and from the next one when that is gone', () => {
    const client = new SceneClient({ state: 'reconnecting' });
    const { rerender } = render(<Page client={client} first />);
    pass(1500);
    pass(100);
    expect(text('status')).toEqual(['Reconnecting…', '']);
    rerender(<Page client={client} first={false} />);
    act(() => client.set({}));
    pass(100);
    expect(text('status')).toEqual(['Connected again']);
  });
});

describe('ConnectionStatus', () => {
  it('req_m09_shows_state_queue_and_metrics_where_it_is_told_to', () => {
    const client = new SceneClient({ queuedMessages: 3, reconnects: 2, latencyMs: 41.6 });
    const ref = createRef<HTMLDivElement>();
    render(
      <ConnectionStatus
        source={client}
        position="bottom-left"
        showMetrics
        className="custom-class"
        ref={ref}
      />,
    );
    expect(ref.current?.dataset.position).toBe('bottom-left');
    expect(ref.current?.classList.contains('custom-class')).toBe(true);
    expect(document.querySelector('.everlink-row')?.textContent).toBe('Connected (45s)Waiting to be sent: 3');
    const values = [...document.querySelectorAll('dd')].map((dd) => dd.textContent);
    expect(values).toEqual(['42 ms', '2', '3', '45s']);
  });

  it('req_m09_is_a_shape_with_its_words_as_tooltip_when_compact', () => {
    render(<ConnectionStatus source={new SceneClient({ state: 'error' })} compact />);
    expect(screen.getByTitle('Could not reconnect').textContent).toBe('Could not reconnect');
    expect(document.querySelector('.everlink-status .everlink-unseen')?.textContent).toBe(
      'Could not reconnect',
    );
  });

  it('shows nothing when it is not visible', () => {
    render(<ConnectionStatus source={new SceneClient()} visible={false} />);
    expect(document.querySelector('.everlink-status')).toBeNull();
  });
});

describe('ConnectionIndicator and ConnectionQuality', () => {
  it('req_m09_is_named_by_the_state', () => {
    render(<ConnectionIndicator source={new SceneClient()} className="navbar" />);
    expect(screen.getByRole('img', { name: 'Connected (45s)' }).className).toContain('navbar');
  });

  it('req_x09_says_the_quality_by_bars_and_in_words_and_has_none_while_away', () => {
    const client = new SceneClient({ quality: 'poor', latencyMs: 150 });
    const { container } = render(<ConnectionQuality source={client} showLatency />);
    expect(container.textContent).toBe('Poor · 150 ms');
    expect(container.querySelectorAll('rect[data-on]').length).toBe(2);
    act(() => client.set({ state: 'reconnecting', quality: 'poor' }));
    expect(container.textContent).toBe('Unusable');
  });
});

describe('every component in every state', () => {
  const states = ['closed', 'connecting', 'connected', 'disconnected', 'reconnecting', 'error'] as const;
  it.each(states)('is accessible while %s', async (state) => {
    const client = new SceneClient({
      state,
      queuedMessages: 2,
      lastError: connectionError('connection_lost'),
    });
    const { container } = render(
      <main>
        <ConnectionBanner source={client} delayMs={0} />
        <ConnectionStatus source={client} showMetrics />
        <ConnectionStatus source={client} compact />
        <ConnectionIndicator source={client} />
        <ConnectionQuality source={client} />
        <ConnectionQuality source={client} compact />
      </main>,
    );
    pass(200);
    vi.useRealTimers();
    await expectAccessible(container);
  });
});

function Page({ client, first }: { readonly client: SceneClient; readonly first: boolean }) {
  return (
    <StrictMode>
      {first && <ConnectionStatus source={client} />}
      <ConnectionBanner source={client} />
    </StrictMode>
  );
}
