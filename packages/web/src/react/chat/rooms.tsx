/** Three chats that are ready to use (R04). */

import { forwardRef } from 'react';
import type { ClientOptions } from '../../api.js';
import { Chat, type ChatProps } from './chat.js';

/** What every ready chat takes: room and title have defaults. */
export type ReadyChatProps = Omit<ChatProps, 'room' | 'title'> & Partial<Pick<ChatProps, 'room' | 'title'>>;

/** How the client of a support chat comes back: soon, and ten times. For a client of your own, and for `url`. */
export const SUPPORT_OPTIONS: ClientOptions = Object.freeze({
  settings: { attemptsMax: 10, backoffMinMs: 500 },
});

/** A chat for everybody, in the room `general-chat`. */
export const ChatWidget = forwardRef<HTMLElement, ReadyChatProps>(function ChatWidget(props, ref) {
  return <Chat room="general-chat" title="Chat" {...props} ref={ref} />;
});

/**
 * A chat with an AI, in the room `ai-assistant`: shows what it does and how good the connection is, and says when it was
 * answering while the connection was lost.
 */
export const ChatAssistant = forwardRef<HTMLElement, ReadyChatProps>(function ChatAssistant(props, ref) {
  return (
    <Chat
      room="ai-assistant"
      title="Assistant"
      showAssistant
      showQuality
      showPresence={false}
      {...props}
      ref={ref}
    />
  );
});

/** A chat with support, in the room `support-chat`; a client made for `url` returns by {@link SUPPORT_OPTIONS}. */
export const SupportChatbot = forwardRef<HTMLElement, ReadyChatProps>(function SupportChatbot(props, ref) {
  return (
    <Chat room="support-chat" title="Support" showAssistant options={SUPPORT_OPTIONS} {...props} ref={ref} />
  );
});
