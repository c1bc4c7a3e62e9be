/** `useConnection`. */

import type { ConnectionSnapshot, ConnectionSource } from '../../api.js';
import { type Readable, useSelection, whole } from '../selection.js';
import { SERVER_SNAPSHOT, useSource } from '../source.js';
import { type ConnectionView, connectionStore } from './store.js';

/**
 * Reads the connection of the provider, or `source`.
 *
 * With a selector: what it takes of the snapshot, and a render only when that changed. Without: everything, with
 * `status` in words, which renders when the words change.
 */
export function useConnection(selector?: undefined, source?: ConnectionSource): ConnectionView;
export function useConnection<T>(selector: (snapshot: ConnectionSnapshot) => T, source?: ConnectionSource): T;
export function useConnection<T>(
  selector?: (snapshot: ConnectionSnapshot) => T,
  source?: ConnectionSource,
): unknown {
  const found = useSource(source);
  const store = selector === undefined ? connectionStore(found) : undefined;
  const readable: Readable<unknown> = store ?? found;
  const select = (selector ?? whole) as (snapshot: unknown) => unknown;
  return useSelection(readable, store === undefined ? SERVER_SNAPSHOT : store.serverState, select);
}

/** Reads a part of what {@link useConnection} gives without a selector; what the application said counts too. */
export function useConnectionView<T>(source: ConnectionSource, select: (view: ConnectionView) => T): T {
  const store = connectionStore(source);
  return useSelection(store, store.serverState, select);
}
