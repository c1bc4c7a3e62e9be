// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from 'vitest';
import type { ManagerGlobals } from '../../../src/chat/index.js';
import page from '../../classic.html?raw';
import { ClassicView } from '../classic/view.js';

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
let sent: string[];
let view: ClassicView;

beforeEach(() => {
  document.documentElement.innerHTML = page.replace(/<script.*<\/script>/, '');
  sent = [];
  view = new ClassicView(document, {
    onSend: (text) => sent.push(text) > 0,
    onAgain: () => undefined,
    onSwitch: () => undefined,
  });
  view.begin('support-chat', ['general-chat', 'support-chat']);
});

test('req_c07_the_input_follows_the_connection_and_nobody_has_to_click', () => {
  const [text, send] = [find<HTMLInputElement>('text'), find<HTMLButtonElement>('send')];
  expect([text.disabled, send.disabled]).toEqual([true, true]);
  view.setConnected(true);
  text.focus();
  view.setConnected(false);
  expect([text.disabled, send.disabled]).toEqual([true, true]);
  view.setConnected(true);
  expect([text.disabled, send.disabled, document.activeElement === text]).toEqual([false, false, true]);
});

test('req_c07_the_typing_indicator_is_cleared_when_the_connection_is_lost', () => {
  view.setConnected(true);
  view.setBusy({ isThinking: true, isExtracting: false, isSummaryGenerating: false });
  expect(find('typing').textContent).toContain('thinking');
  view.setConnected(false);
  expect(find('typing').textContent).toBe('');
});

test('only when it has given up is there a button', () => {
  view.setConnected(false);
  expect(find('again').hidden).toBe(true);
  view.setFailed();
  expect(find('again').hidden).toBe(false);
  view.setConnected(true);
  expect(find('again').hidden).toBe(true);
});

test('messages are shown as text, whatever they hold, and the oldest leave', () => {
  view.add({ message: '<img src=x onerror=alert(1)>' }, false);
  view.add({ strange: 1 }, true);
  expect(find('messages').querySelector('img')).toBeNull();
  expect(find('messages').textContent).toBe('<img src=x onerror=alert(1)>{"strange":1}');
  for (let at = 0; at < 400; at += 1) view.add({ message: `${at}` }, false);
  expect(find('messages').childElementCount).toBe(300);
  view.begin('general-chat', ['general-chat']);
  expect(find('messages').childElementCount).toBe(0);
});

test('what is written is sent, and stays where it was not taken', () => {
  view.setConnected(true);
  find<HTMLInputElement>('text').value = ' hello ';
  find('composer').dispatchEvent(new Event('submit', { cancelable: true }));
  expect([sent, find<HTMLInputElement>('text').value]).toEqual([['hello'], '']);
});

test('req_c08_both_managers_are_in_the_console_and_switching_leaves_the_old_conversation_first', async () => {
  const told: string[] = [];
  const Socket = class {
    readonly #name: string;
    readyState = 0;
    constructor(url: string) {
      this.#name = new URL(url).pathname.replace('/ws/', '');
      told.push(`open ${this.#name}`);
    }
    close() {
      told.push(`close ${this.#name}`);
    }
  };
  vi.stubGlobal('WebSocket', Socket);
  location.hash = '#/support-chat';
  await import('../classic/main.js');
  const { ChatWebSocket: chat, StatusWebSocket: status } = globalThis as ManagerGlobals;
  await vi.waitFor(() => expect(told).toEqual(['open chat/support-chat/', 'open status/support-chat/']));
  const choice = find<HTMLSelectElement>('conversation');
  choice.value = 'general-chat';
  choice.dispatchEvent(new Event('change'));
  await vi.waitFor(() => expect(told).toHaveLength(6));
  for (const kind of ['chat', 'status']) {
    const [closed, opened] = [
      told.indexOf(`close ${kind}/support-chat/`),
      told.indexOf(`open ${kind}/general-chat/`),
    ];
    expect([closed >= 0, closed < opened]).toEqual([true, true]);
  }
  expect([chat?.currentConvId, status?.currentConvId]).toEqual(['general-chat', 'general-chat']);
  chat?.disconnect();
  status?.disconnect();
  vi.unstubAllGlobals();
});
