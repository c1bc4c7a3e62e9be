/** Where hooks and components find their connection. */

import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
} from 'react';
import type { Client, ConnectionSource } from '../api.js';
import { closedSnapshot } from '../closed.js';
import { Held } from './holding.js';

export interface EverlinkProviderProps {
  /** A client or manager that the application made, connects and closes: it lives longer than this component. */
  readonly client?: ConnectionSource | undefined;
  /**
   * Makes a client that lives as long as this component: made and connected after the first mount, never on a server,
   * closed after the last unmount. Read once; give the component another `key` for another client.
   */
  readonly create?: (() => Client) | undefined;
  readonly children?: ReactNode;
}

/** Gives everything inside it one connection. Needs `client` or `create`. */
export function EverlinkProvider({ client, create, children }: EverlinkProviderProps): ReactNode {
  if ((client === undefined) === (create === undefined)) {
    throw new TypeError(
      'EverlinkProvider needs one of `client` (a client that you keep) and `create` (it keeps one)',
    );
  }
  const own = useOwnClient(create);
  const source = client ?? own;
  const value = useMemo(() => ({ source }), [source]);
  return createElement(SourceContext.Provider, { value }, children);
}

/** Returns the connection given, else the provider's, else one that is closed. */
export function useSource(source?: ConnectionSource): ConnectionSource {
  const context = useContext(SourceContext);
  return source ?? context?.source ?? NO_SOURCE;
}

/**
 * Returns the client given, else the provider's; `undefined` while there is none yet: on a server, until a client of
 * the provider's own is made, and while one `isComing` from elsewhere.
 *
 * @throws TypeError if there is neither, or if the provider has something that has no channels.
 */
export function useClient(client?: Client, isComing = false): Client | undefined {
  const context = useContext(SourceContext);
  const source = client ?? (isComing ? undefined : context?.source);
  if (source === undefined && (isComing || context !== undefined)) return undefined;
  if (source === undefined || !('channel' in source)) {
    throw new TypeError(
      'no client with channels: give `client`, or use this inside <EverlinkProvider client={…}>',
    );
  }
  return source as Client;
}

/** Makes, connects and closes a client with the component that calls this. */
export function useOwnClient(create: (() => Client) | undefined): Client | undefined {
  const [held] = useState(() => create && new Held(create, (made) => void made.close()));
  const [client, setClient] = useState<Client>();
  useEffect(() => {
    if (held === undefined) return;
    const [made, release] = held.hold();
    setClient(made);
    // What goes wrong stands in the snapshot; connecting twice is harmless.
    made.connect().catch(() => {});
    return release;
  }, [held]);
  return client;
}

/** What a server renders, and a page before it is hydrated: nothing is known. */
export const SERVER_SNAPSHOT = closedSnapshot('');

/** A connection that there is not. */
export const NO_SOURCE: ConnectionSource = Object.freeze({
  subscribe: () => () => {},
  getSnapshot: () => SERVER_SNAPSHOT,
  reconnect: () => {},
});

const SourceContext = createContext<{ readonly source: ConnectionSource | undefined } | undefined>(undefined);
