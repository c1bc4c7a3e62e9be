// @vitest-environment jsdom
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { createRef, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caughtUp, connectionError, message, retained, SceneClient, volatile } from '../../gallery/scene.js';
import { ChatAssistant, ChatWidget, SUPPORT_OPTIONS, SupportChatbot } from './index.js';
import { expectAccessible } from './testing-setup.js';

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 30) }));
afterEach(() => void vi.useRealTimers());

const ROOM = 'general-chat';
const AI = 'ai-assistant';
const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
const box = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message' });
const items = () => screen.queryAllByRole('listitem').map((item) => item.textContent);

function write(text: string): void {
  fireEvent.change(box(), { target: { value: text } });
  fireEvent.keyDown(box(), { key: 'Enter' });
}

describe('ChatWidget', () => {
  it('req_r04_is_a_chat_in_the_room_general_chat', () => {
    const client = new SceneClient();
    const ref = createRef<HTMLElement>();
    render(<ChatWidget client={client} ref={ref} className="mine" formatTime={() => 'now'} />, {
      wrapper: StrictMode,
    });
    act(() => client.bring(caughtUp(ROOM), message(ROOM, 1, { plaintext: 'Hello' })));
    write('Hi there');
    expect(items()).toEqual(['annHellonow', 'YouHi therenowWaiting']);
    expect(client.tickets).toMatchObject([{ channel: ROOM, payload: { plaintext: 'Hi there' } }]);
    expect(ref.current?.className).toBe('everlink everlink-chat mine');
    screen.getByRole('region', { name: 'Chat' });
  });

  it('shows how far own messages are, and what others have read', async () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} formatTime={() => ''} />);
    write('one');
    act(() => client.tickets[0]?.step('sent'));
    expect(items()).toEqual(['YouoneSent']);
    await act(async () => void (await client.tickets[0]?.settle({ status: 'acked', offset: 1 })));
    expect(items()).toEqual(['YouoneStored']);
    act(() => client.bring(retained(ROOM, 'read:ann', { sequence_number: 1 })));
    expect(items()).toEqual(['YouoneRead']);
  });

  it('says at once that a message could not be sent, and sends it again when asked', async () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} formatTime={() => ''} />);
    write('one');
    await act(
      async () =>
        void (await client.tickets[0]?.settle({ status: 'dropped', reason: 'queue_full', code: undefined })),
    );
    pass(100);
    expect(screen.getByRole('alert').textContent).toBe('A message could not be sent');
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(items()).toEqual(['YouoneWaiting']);
    expect(client.tickets.length).toBe(2);
  });

  it('req_c07_cannot_be_written_in_while_away_and_can_again_without_a_click_the_focus_stays', () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} whileAway="disable" />);
    act(() => box().focus());
    fireEvent.change(box(), { target: { value: 'half a sen' } });
    act(() => client.set({ state: 'reconnecting' }));
    expect(box()).toMatchObject({ readOnly: true, value: 'half a sen' });
    expect(box().getAttribute('aria-disabled')).toBe('true');
    fireEvent.keyDown(box(), { key: 'Enter' });
    expect(client.tickets).toEqual([]);
    act(() => client.set({}));
    expect(box().readOnly).toBe(false);
    expect(document.activeElement).toBe(box());
    fireEvent.keyDown(box(), { key: 'Enter' });
    expect(client.tickets.length).toBe(1);
  });

  it('req_c07_takes_messages_while_away_when_they_may_wait', () => {
    const client = new SceneClient({ state: 'reconnecting' });
    render(<ChatWidget client={client} formatTime={() => ''} />);
    write('later');
    expect(items()).toEqual(['YoulaterWaiting']);
  });

  it('does not send while a character is being composed, nor on shift and enter', () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} />);
    fireEvent.change(box(), { target: { value: 'に' } });
    fireEvent.keyDown(box(), { key: 'Enter', isComposing: true });
    fireEvent.keyDown(box(), { key: 'Enter', shiftKey: true });
    expect(client.tickets).toEqual([]);
  });

  it('shows gaps, who types and who is here', () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} formatTime={() => ''} />);
    act(() =>
      client.bring(
        { type: 'gap', channel: ROOM, from: 3, to: 7, cause: 'expired' },
        volatile(ROOM, 'typing', { typing: true }, 'ann'),
        retained(ROOM, 'presence', { count: 2, members: ['ann'] }),
      ),
    );
    expect(items()).toEqual(['5 messages are missing here']);
    screen.getByText('ann is typing…');
    screen.getByText('2 people here');
  });

  it('shows a button for new messages while the list stands further up, and goes to the end by it', () => {
    const client = new SceneClient();
    render(<ChatWidget client={client} formatTime={() => ''} />);
    act(() => client.bring(message(ROOM, 1, 'a')));
    const log = screen.getByRole('log');
    Object.defineProperties(log, { scrollHeight: { value: 1000 }, clientHeight: { value: 200 } });
    log.scrollTop = 100;
    fireEvent.scroll(log);
    act(() => client.bring(message(ROOM, 2, 'b'), message(ROOM, 3, 'c')));
    expect(log.scrollTop).toBe(100);
    expect(client.volatiles.at(-1)?.payload).toEqual({ sequence_number: 1 });
    fireEvent.click(screen.getByRole('button', { name: '2 new messages' }));
    expect(log.scrollTop).toBe(1000);
    expect(screen.queryByRole('button', { name: /new message/ })).toBeNull();
    expect(client.volatiles.at(-1)?.payload).toEqual({ sequence_number: 3 });
  });

  it('renders an entry anew only when it changed', () => {
    const client = new SceneClient();
    const rendered: unknown[] = [];
    const renderMessage = (entry: { payload: unknown }) => {
      rendered.push(entry.payload);
      return String(entry.payload);
    };
    render(<ChatWidget client={client} renderMessage={renderMessage} />);
    for (let offset = 1; offset <= 3; offset += 1) act(() => client.bring(message(ROOM, offset, offset)));
    act(() => client.bring(volatile(ROOM, 'typing', { typing: true }, 'ann')));
    expect(rendered).toEqual([1, 2, 3]);
  });

  it('can be rendered by a server', () => {
    expect(renderToString(<ChatWidget client={new SceneClient()} />)).toContain('role="log"');
    expect(renderToString(<ChatWidget url="wss://example.com/ws" />)).toContain('role="log"');
  });

  it('says what it needs when there is no client', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(() => render(<ChatWidget />)).toThrow(/no client with channels: give `client`/);
    vi.restoreAllMocks();
  });
});

describe('ChatAssistant', () => {
  it('req_r04_says_what_the_assistant_does_and_that_it_was_at_it_when_the_connection_was_lost', () => {
    const client = new SceneClient();
    const { container } = render(<ChatAssistant client={client} />);
    const line = () => container.querySelector('.everlink-activity p')?.textContent;
    act(() => client.bring(retained(AI, 'status', { type: 'thinking_start', thinking: true, version: 1 })));
    expect(line()).toBe('The assistant is thinking…');
    pass(100);
    expect(screen.getByRole('status').textContent).toBe('The assistant is thinking…');
    act(() => client.set({ state: 'reconnecting' }));
    expect(line()).toContain('was answering');
    act(() => client.set({}));
    expect(line()).toBe('The assistant is thinking…');
    act(() => client.bring(message(AI, 1, { plaintext: 'Done', role: 'assistant' }, { user: undefined })));
    act(() => client.bring(retained(AI, 'status', { type: 'thinking_end', version: 2 }, 2)));
    expect(line()).toBe('');
    within(screen.getByRole('log')).getByText('Assistant');
  });
});

describe('SupportChatbot', () => {
  it('req_r04_is_in_the_room_support_chat_and_tries_ten_times_from_half_a_second_on', () => {
    const client = new SceneClient();
    render(<SupportChatbot client={client} />);
    write('help');
    expect(client.tickets[0]?.channel).toBe('support-chat');
    expect(SUPPORT_OPTIONS.settings).toEqual({ attemptsMax: 10, backoffMinMs: 500 });
  });
});

describe('a chat in every state', () => {
  const states = ['closed', 'connecting', 'connected', 'reconnecting', 'error'] as const;
  it.each(states)('is accessible while %s', async (state) => {
    const client = new SceneClient({ state, lastError: connectionError('connection_lost') });
    const { container } = render(
      <main>
        <ChatWidget client={client} showQuality whileAway="disable" />
        <ChatAssistant client={client} room="other" title="Other" />
      </main>,
    );
    act(() =>
      client.bring(
        ...[caughtUp(ROOM), message(ROOM, 1, 'a'), message(ROOM, 2, 'b', { own: true })],
        { type: 'gap', channel: ROOM, from: 3, to: 3, cause: 'slow' },
        retained(ROOM, 'presence', { count: 2, members: [] }),
        volatile(ROOM, 'typing', { typing: true }, 'ann'),
        { type: 'refused', channel: 'other', code: 4403, why: 'no grant' },
      ),
    );
    pass(1700);
    vi.useRealTimers();
    await expectAccessible(container);
  });
});
