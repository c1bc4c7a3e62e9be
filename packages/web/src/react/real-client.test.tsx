// @vitest-environment jsdom
/** Hooks and components on the real client, with a server in virtual time. */

import { act, fireEvent, render, renderHook, screen } from '@testing-library/react';
import { StrictMode } from 'react';
import { describe, expect, it } from 'vitest';
import { setup } from '../client/test-setup.js';
import { ChatWidget, EverlinkProvider, useChannel, useConnection, useStatus, useWebSocket } from './index.js';
import './testing-setup.js';

type All = ReturnType<typeof setup>;

const pass = (all: All, ms: number) => act(() => all.platform.advance(ms));

/** React 18 renders at the end of an `act`: what it shows is looked at between two. */
async function until(all: All, holds: () => boolean): Promise<void> {
  for (let at = 0; !holds(); at += 1) {
    if (at === STEPS_MAX) throw new Error(`it did not happen: ${holds}`);
    await pass(all, STEP_MS);
  }
}

const STEP_MS = 10;
const STEPS_MAX = 6000;

const connected = (all: All) => until(all, () => all.client.state === 'connected');

async function lose(all: All): Promise<void> {
  await act(async () => all.platform.network.cut());
  await until(all, () => all.client.state !== 'connected');
}

describe('on the real client', () => {
  it('a provider opens one socket in StrictMode, and none is left when it is gone', async () => {
    const all = setup();
    const { result, unmount } = renderHook(() => useConnection((connection) => connection.state), {
      wrapper: ({ children }) => (
        <StrictMode>
          <EverlinkProvider create={() => all.client}>{children}</EverlinkProvider>
        </StrictMode>
      ),
    });
    await connected(all);
    expect(result.current).toBe('connected');
    expect(all.server.connections.length).toBe(1);
    unmount();
    await act(() => new Promise((resolve) => setTimeout(resolve, 0)));
    await pass(all, 5000);
    expect(all.server.openConnections.length).toBe(0);
  });

  it('req_r06_a_chat_has_each_message_once_and_in_order_across_a_loss_its_own_and_those_of_others', async () => {
    const all = setup();
    all.server.publish('general-chat', { plaintext: 'before' });
    render(<ChatWidget client={all.client} formatTime={() => ''} />);
    void all.client.connect();
    await connected(all);
    await pass(all, 500);
    await lose(all);
    const box = screen.getByRole('textbox');
    for (const text of ['one', 'two']) {
      fireEvent.change(box, { target: { value: text } });
      fireEvent.keyDown(box, { key: 'Enter' });
    }
    const items = () => screen.getAllByRole('listitem').map((item) => item.textContent);
    expect(items()).toEqual(['somebodybefore', 'YouoneWaiting', 'YoutwoWaiting']);
    all.server.publish('general-chat', { plaintext: 'meanwhile' });
    await connected(all);
    await pass(all, 2000);
    expect(items()).toEqual(['somebodybefore', 'somebodymeanwhile', 'YouoneStored', 'YoutwoStored']);
    expect(all.server.payloads('general-chat').length).toBe(4);
  });

  it('loads history, and more of it', async () => {
    const all = setup();
    for (let at = 1; at <= 8; at += 1) all.server.publish('room', at);
    const { result } = renderHook(() => useChannel(all.client, 'room', { history: 3 }));
    void all.client.connect();
    await connected(all);
    await until(all, () => result.current.isReady);
    const payloads = () => result.current.messages.map((entry) => entry.type === 'message' && entry.payload);
    expect(payloads()).toEqual([6, 7, 8]);
    act(() => result.current.loadEarlier());
    await until(all, () => !result.current.isLoading);
    expect(payloads()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(result.current.hasEarlier).toBe(false);
  });

  it('req_c05_the_status_of_the_worker_is_right_again_after_a_loss', async () => {
    const all = setup();
    const { result } = renderHook(() => useStatus(all.client, 'ai-assistant'));
    void all.client.connect();
    await connected(all);
    const thinking = (thinking: boolean, version: number) =>
      all.server.retain('ai-assistant', 'status', { type: 'x', thinking, version });
    thinking(true, 1);
    await until(all, () => result.current.isThinking);
    await lose(all);
    expect(result.current).toMatchObject({ isThinking: false, isInterrupted: true });
    await connected(all);
    await until(all, () => result.current.isThinking);
    await lose(all);
    thinking(false, 2);
    await connected(all);
    await until(all, () => !result.current.isInterrupted && !result.current.isThinking);
  });

  it('req_r03_rooms_are_rejoined_and_what_was_missed_comes', async () => {
    const all = setup();
    const attempts: number[] = [];
    const { result } = renderHook(() =>
      useWebSocket({ client: all.client, rooms: ['a', 'b'], onReconnect: (made) => attempts.push(made) }),
    );
    void all.client.connect();
    await connected(all);
    await pass(all, 500);
    await lose(all);
    all.server.publish('a', 1);
    all.server.publish('b', 2);
    await connected(all);
    await until(all, () => result.current.messages.length === 2);
    expect(result.current.messages.map(({ room, payload }) => [room, payload])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(attempts.length).toBe(1);
    expect(attempts[0]).toBeGreaterThan(0);
  });
});
