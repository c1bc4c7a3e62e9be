// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest';
import page from '../../classic.html?raw';
import { ClassicView } from '../classic/view.js';

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
let sent: string[];
let view: ClassicView;

beforeEach(() => {
  document.documentElement.innerHTML = page.replace(/<script.*<\/script>/, '');
  sent = [];
  view = new ClassicView(document, { onSend: (text) => sent.push(text) > 0, onAgain: () => undefined, onSwitch: () => undefined });
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
