/** The rooms of the page, and which of them is open: the part of the address behind `#` says. */

import { useSyncExternalStore } from 'react';

/** A room. */
export interface Room {
  /** Its channel. */
  readonly id: 'ai-assistant' | 'general-chat' | 'support-chat';
  readonly title: string;
  readonly about: string;
}

export const ROOMS: readonly [Room, ...Room[]] = [
  { id: 'general-chat', title: 'General', about: 'Everyone here' },
  { id: 'ai-assistant', title: 'Assistant', about: 'Thinks first' },
  { id: 'support-chat', title: 'Support', about: 'Knows keywords' },
];

/** Returns the room that an address names; the first one for any other. */
export function roomAt(hash: string): Room {
  const id = hash.replace(/^#\/?/, '');
  return ROOMS.find((room) => room.id === id) ?? ROOMS[0];
}

/** The address of a room. */
export function addressOf(room: Room): string {
  return `#/${room.id}`;
}

/** Returns the open room. */
export function useRoom(): Room {
  return roomAt(useSyncExternalStore(watchHash, () => location.hash));
}

function watchHash(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
