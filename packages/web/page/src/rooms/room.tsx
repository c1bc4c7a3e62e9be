/** One room: the ready chat of the package that fits it. */

import { ChatAssistant, ChatWidget, SupportChatbot } from 'everlink/react';
import type { ReactNode } from 'react';
import type { Desk } from '../desk.js';
import type { Room } from './rooms.js';

export function RoomView({ desk, room }: { readonly desk: Desk; readonly room: Room }): ReactNode {
  const Chat = CHATS[room.id];
  return (
    <>
      <Chat client={desk.client} user={desk.user} room={room.id} title={room.title} className="room" />
      <p className="room-note">{noteOf(room, desk.about.answered.includes(room.id))}</p>
    </>
  );
}

function noteOf(room: Room, isAnswered: boolean): string {
  if (room.id === 'general-chat') return 'Open this page in a second window: there you are somebody else.';
  return isAnswered
    ? NOTES[room.id]
    : 'Nobody may answer here: this server has no demonstration for this room.';
}

const CHATS = {
  'general-chat': ChatWidget,
  'ai-assistant': ChatAssistant,
  'support-chat': SupportChatbot,
} as const;

const NOTES = {
  'ai-assistant':
    'A demonstration: keywords, and pauses that look like thinking. Cut the connection while it thinks.',
  'support-chat': 'A demonstration that answers by keywords: price, hours, delivery, refund, human.',
} as const;
