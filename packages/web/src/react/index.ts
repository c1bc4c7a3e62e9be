'use client';

/** `everlink/react`: hooks and components. Each can be imported alone. */

export type { AssistantStatus, StaleTimes } from './channel/assistant.js';
export type { Entry, EntryStatus, GapEntry, MessageEntry } from './channel/entries.js';
export { type ChannelHandle, useChannel, useChannelStore, useChannelView } from './channel/hook.js';
export { useStatus } from './channel/status-hook.js';
export type { ChannelStore, ChannelView, ChannelViewOptions, Presence } from './channel/store.js';
export { Chat, type ChatProps } from './chat/chat.js';
export {
  ChatAssistant,
  ChatWidget,
  type ReadyChatProps,
  SUPPORT_OPTIONS,
  SupportChatbot,
} from './chat/rooms.js';
export { CHAT_TEXTS, type ChatTexts } from './chat/texts.js';
export type { ClientOrUrl } from './client-at.js';
export { ConnectionBanner, type ConnectionBannerProps } from './components/connection-banner.js';
export { ConnectionQuality, type ConnectionQualityProps } from './components/connection-quality.js';
export {
  ConnectionIndicator,
  type ConnectionIndicatorProps,
  ConnectionStatus,
  type ConnectionStatusProps,
} from './components/connection-status.js';
export { CONNECTION_TEXTS, type ConnectionTexts } from './components/texts.js';
export { useConnection } from './connection/hook.js';
export {
  type ConnectionMetrics,
  type ConnectionStore,
  type ConnectionView,
  connectionStore,
} from './connection/store.js';
export { EverlinkProvider, type EverlinkProviderProps, useClient, useSource } from './source.js';
export {
  type RoomMessage,
  useWebSocket,
  type WebSocketHook,
  type WebSocketHookOptions,
} from './web-socket.js';
