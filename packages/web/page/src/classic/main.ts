/** A page without a framework: an input that follows the connection, and managers within reach of the console. */

import '../styles/page.css';
import '../styles/classic.css';
import { ChatWebSocketManager, installGlobals } from '../../../src/chat/index.js';
import { ROOMS, roomAt } from '../rooms/rooms.js';
import { ClassicView } from './view.js';

const { chat, status } = installGlobals({ chat: new ChatWebSocketManager({ history: 50 }) });
const view = new ClassicView(document, {
  onSend: (text) => chat.sendMessage(text),
  onAgain: reconnect,
  onSwitch: open,
});

chat.setOnOpenCallback(() => view.setConnected(true));
chat.setOnCloseCallback(() => view.setConnected(false));
chat.setOnChatMessageCallback((frame) => view.add(frame, false));
chat.setOnChatReplyCallback((frame) => view.add(frame, true));
chat.onMessage(({ type }) => {
  if (type === 'connection_failed') view.setFailed();
});
status.onStatusChange(() => view.setBusy(status));

open(roomAt(location.hash).id);

/** Leaves the conversation that is open, and connects to another. */
function open(conversation: string): void {
  view.begin(
    conversation,
    ROOMS.map(({ id }) => id),
  );
  chat.connect(conversation);
  status.connect(conversation);
}

function reconnect(): void {
  chat.reconnect();
  status.reconnect();
}
