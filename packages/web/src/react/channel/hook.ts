/** `useChannel` and its parts. */

import { useMemo } from 'react';
import type { Client, Payload, SendOptions, Ticket } from '../../api.js';
import { useOpened } from '../holding.js';
import { useSelection, whole } from '../selection.js';
import { NO_SOURCE, useClient } from '../source.js';
import { ChannelStore, type ChannelView, type ChannelViewOptions, EMPTY_VIEW } from './store.js';

export interface ChannelHandle<T extends Payload = Payload> extends ChannelView<T> {
  /**
   * Publishes a message, and shows it at once.
   *
   * @throws Error while there is no client yet: on a server, and before the first mount is done.
   */
  send(payload: T, options?: SendOptions): Ticket;
  /** Sends an own message that failed once more. */
  retry(key: string): void;
  /** Takes an own message that failed out of the list. */
  discard(key: string): void;
  /** Tells others that this user types, or has stopped; call it at each key: it is told seldom. */
  setTyping(typing: boolean): void;
  /** Tells that all that is here was read. */
  markRead(): void;
  /** Loads a page of older messages. */
  loadEarlier(): void;
}

/**
 * Reads a channel and writes to it while the component is mounted; everything in it renders. `client` may be left
 * `undefined` for the provider's. Options that change begin the channel anew.
 */
export function useChannel<T extends Payload = Payload>(
  client: Client | undefined,
  name: string,
  options: ChannelViewOptions = {},
): ChannelHandle<T> {
  const store = useChannelStore<T>(client, name, options);
  const view = useChannelView(store, whole<ChannelView<T>>);
  return useMemo(() => ({ ...view, ...actionsOf(store) }), [view, store]);
}

/**
 * Opens a channel with the component, without a render for what comes; read its parts with {@link useChannelView}.
 * `isComing` says that a client which is not there yet will be: then the provider is not asked for one.
 */
export function useChannelStore<T extends Payload = Payload>(
  given: Client | undefined,
  name: string,
  options: ChannelViewOptions = {},
  isComing = false,
): ChannelStore<T> | undefined {
  const client = useClient(given, isComing);
  const { from, history, limit, user } = options;
  // Options are compared as values, so that they can be written where the hook is called.
  const key = JSON.stringify([from, history, limit, user]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `options`
  const store = useMemo(() => client && new ChannelStore<T>(client, name, options), [client, name, key]);
  useOpened(store);
  return store;
}

/** Reads a part of a channel; renders only when that part changed. */
export function useChannelView<T extends Payload, S>(
  store: ChannelStore<T> | undefined,
  select: (view: ChannelView<T>) => S,
): S {
  return useSelection<ChannelView<T>, S>(store ?? NO_CHANNEL, EMPTY_VIEW, select);
}

function actionsOf<T extends Payload>(
  store: ChannelStore<T> | undefined,
): Omit<ChannelHandle<T>, keyof ChannelView> {
  return {
    send(payload, options) {
      if (store === undefined) throw new Error('useChannel: there is no client yet to send with');
      return store.send(payload, options);
    },
    retry: (key) => void store?.retry(key),
    discard: (key) => store?.discard(key),
    setTyping: (typing) => store?.setTyping(typing),
    markRead: () => store?.markRead(),
    loadEarlier: () => void store?.loadEarlier(),
  };
}

const NO_CHANNEL = { subscribe: NO_SOURCE.subscribe, getSnapshot: () => EMPTY_VIEW };
