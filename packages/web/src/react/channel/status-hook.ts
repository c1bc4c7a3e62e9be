/** `useStatus`: what the AI worker of a conversation does (C05). */

import { useMemo } from 'react';
import type { Client } from '../../api.js';
import { useOpened } from '../holding.js';
import { useSelection } from '../selection.js';
import { NO_SOURCE, useClient } from '../source.js';
import { type AssistantStatus, AssistantStore, IDLE, type StaleTimes } from './assistant.js';

/**
 * Follows the AI worker of a channel. Everything is cleared when the connection is lost and set right when it is back;
 * what is stuck is cleared too.
 */
export function useStatus(client: Client | undefined, name: string, times?: StaleTimes): AssistantStatus {
  return useAssistant(useClient(client), name, same, times);
}

/** The same for a client that may still be coming, and for a part of the status. */
export function useAssistant<T>(
  client: Client | undefined,
  name: string,
  select: (status: AssistantStatus) => T,
  { thinkingStaleMs, extractionStaleMs }: StaleTimes = {},
): T {
  const store = useMemo(
    () => client && new AssistantStore(client, name, { thinkingStaleMs, extractionStaleMs }),
    [client, name, thinkingStaleMs, extractionStaleMs],
  );
  useOpened(store);
  return useSelection(store ?? NO_WORKER, IDLE, select);
}

const NO_WORKER = { subscribe: NO_SOURCE.subscribe, getSnapshot: () => IDLE };
const same = (status: AssistantStatus) => status;
