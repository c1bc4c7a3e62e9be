/** The words of a chat. Every one can be replaced. */

import type { ChannelGap, Payload } from '../../api.js';
import type { EntryStatus } from '../channel/entries.js';
import { fieldsOf, text } from '../channel/payload.js';
import type { ConnectionTexts } from '../components/texts.js';

export interface ChatTexts {
  readonly connection: Partial<ConnectionTexts>;
  readonly messages: string;
  readonly message: string;
  readonly placeholder: string;
  /** In the place of the placeholder, while messages cannot be written. */
  readonly away: string;
  readonly send: string;
  readonly empty: string;
  readonly states: Readonly<Record<EntryStatus | 'read', string>>;
  readonly retry: string;
  readonly discard: string;
  readonly earlier: string;
  readonly loading: string;
  readonly newMessages: (count: number) => string;
  readonly gap: (from: number, to: number, cause: ChannelGap['cause']) => string;
  /** Said at once when an own message cannot be sent. */
  readonly failed: string;
  readonly typing: (users: readonly string[]) => string;
  readonly presence: (count: number, members: readonly string[]) => string;
  readonly somebody: string;
  readonly you: string;
  readonly assistant: string;
  readonly thinking: string;
  readonly extracting: string;
  readonly summarizing: string;
  /** An answer was being made when the connection was lost. */
  readonly interrupted: string;
  readonly refused: (why: string) => string;
}

export const CHAT_TEXTS: ChatTexts = {
  connection: {},
  messages: 'Messages',
  message: 'Message',
  placeholder: 'Write a message',
  away: 'Not connected',
  send: 'Send',
  empty: 'No messages yet',
  states: { queued: 'Waiting', sent: 'Sent', stored: 'Stored', failed: 'Not sent', read: 'Read' },
  retry: 'Try again',
  discard: 'Discard',
  earlier: 'Earlier messages',
  loading: 'Loading…',
  newMessages: (count) => (count === 1 ? '1 new message' : `${count} new messages`),
  gap: (from, to) =>
    from === to ? 'A message is missing here' : `${to - from + 1} messages are missing here`,
  failed: 'A message could not be sent',
  typing: (users) => (users.length === 1 ? `${users[0]} is typing…` : `${users.length} people are typing…`),
  presence: (count) => (count === 1 ? '1 person here' : `${count} people here`),
  somebody: 'Somebody',
  you: 'You',
  assistant: 'Assistant',
  thinking: 'The assistant is thinking…',
  extracting: 'What was said is being taken in…',
  summarizing: 'A summary is being written…',
  interrupted: 'The assistant was answering. The answer will be here when the connection is back.',
  refused: (why) => `This conversation cannot be opened: ${why}`,
};

/** Returns the text of a message, by whichever of the usual names its sender gave it. */
export function textOf(payload: Payload): string {
  if (typeof payload === 'string') return payload;
  if (payload instanceof Uint8Array) return `(${payload.length} bytes)`;
  const fields = fieldsOf(payload);
  for (const name of ['plaintext', 'message', 'text', 'content']) {
    const found = text(fields[name]);
    if (found !== undefined) return found;
  }
  return JSON.stringify(payload);
}

/** Whether a message is the answer of an assistant. */
export function isReply(payload: Payload): boolean {
  return fieldsOf(payload).role === 'assistant';
}
