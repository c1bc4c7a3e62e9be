import { expect, test } from 'vitest';
import { ROOMS, roomAt } from '../rooms/rooms.js';
import { ABOUT_UNKNOWN, endpoint, isName, keepName, ownName } from '../session.js';

function store(content: Record<string, string> = {}) {
  return {
    getItem: (key: string) => content[key] ?? null,
    setItem: (key: string, value: string) => {
      content[key] = value;
    },
  };
}

test('a window has a name that a reload keeps, and another window has another store', () => {
  const mine = store();
  const name = ownName(mine);
  expect(isName(name)).toBe(true);
  expect(ownName(mine)).toBe(name);
  keepName('Ann', mine);
  expect(ownName(mine)).toBe('Ann');
});

test('a kept name that cannot be one is replaced, and a storage that refuses is no reason to fail', () => {
  expect(isName(ownName(store({ 'everlink.name': 'a~b' })))).toBe(true);
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error('full');
    },
  };
  expect(isName(ownName(full))).toBe(true);
  expect(isName(ownName(undefined))).toBe(true);
});

test('names are short, without what a server refuses', () => {
  for (const name of ['', ' a', 'a\n', 'a~b', 'ü'.repeat(33)]) expect(isName(name)).toBe(false);
  for (const name of ['a', 'Zoë Ö.', '狐']) expect(isName(name)).toBe(true);
});

test('the endpoint is where the page comes from, and names the user only where no token does', () => {
  const place = { host: 'chat.example', protocol: 'https:' };
  expect(endpoint(ABOUT_UNKNOWN, 'Ann & Ö', place)).toBe('wss://chat.example/ws?user_id=Ann%20%26%20%C3%96');
  expect(
    endpoint({ ...ABOUT_UNKNOWN, tokens: true, socket: '/live' }, 'x', { ...place, protocol: 'http:' }),
  ).toBe('ws://chat.example/live');
});

test('an address leads to a room, and any other to the first', () => {
  expect(roomAt('#/support-chat').id).toBe('support-chat');
  for (const hash of ['', '#', '#/', '#/x', '#/%', '#__proto__']) expect(roomAt(hash)).toBe(ROOMS[0]);
});
