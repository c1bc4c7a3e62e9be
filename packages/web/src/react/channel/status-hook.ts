/** `useStatus`: what the AI worker of a conversation does (C05). */

import type { Client } from '../../api.js';
import type { AssistantStatus, StaleTimes } from './assistant.js';
import { useChannelStore, useChannelView } from './hook.js';
import type { ChannelView } from './store.js';

/**
 * Follows the AI worker of a channel. Everything is cleared when the connection is lost and set right when it is back;
 * what is stuck is cleared too.
 */
export function useStatus(client: Client | undefined, name: string, times: StaleTimes = {}): AssistantStatus {
  const store = useChannelStore(client, name, { ...times, history: 0, limit: 1 });
  return useChannelView(store, assistantOf);
}

const assistantOf = (view: ChannelView): AssistantStatus => view.assistant;
