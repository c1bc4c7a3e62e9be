/** The rooms, with what is new in them. */

import type { ReactNode } from 'react';
import type { Desk } from '../desk.js';
import { useStore } from '../hooks.js';
import { addressOf, ROOMS, type Room } from './rooms.js';

interface RoomListProps {
  readonly desk: Desk;
  readonly open: Room;
  readonly onOpen: () => void;
}

export function RoomList({ desk, open, onOpen }: RoomListProps): ReactNode {
  const unread = useStore(desk.news);
  return (
    <ul className="rooms">
      {ROOMS.map((room) => (
        <li key={room.id}>
          <a href={addressOf(room)} aria-current={room === open ? 'page' : undefined} onClick={onOpen}>
            <Icon room={room.id} />
            <span className="room-name">
              <b>{room.title}</b>
              <small>{room.about}</small>
            </span>
            {unread[room.id] > 0 && (
              <span className="badge">
                {unread[room.id]}
                <span className="unseen"> new</span>
              </span>
            )}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Icon({ room }: { readonly room: Room['id'] }): ReactNode {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" className="room-icon">
      <path d={ICONS[room]} />
    </svg>
  );
}

const ICONS: Readonly<Record<Room['id'], string>> = {
  'general-chat': 'M4 5h16v11H9l-5 4z',
  'ai-assistant':
    'M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM19 16l.8 2.2L22 19l-2.2.8L19 22l-.8-2.2L16 19l2.2-.8z',
  'support-chat':
    'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v5H5a1 1 0 0 1-1-1zM20 14h-3v5h2a1 1 0 0 0 1-1zM18 19c0 2-3 2-5 2',
};
