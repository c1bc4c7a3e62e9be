/** Clients that components make from a URL: one for each URL, whoever asks, loaded when the first is asked for. */

import { useEffect, useMemo, useState } from 'react';
import type { Client, ClientOptions } from '../api.js';
import { Held, type Holdable } from './holding.js';
import { useClient } from './source.js';

/** Where a component's client comes from: given, made here from a URL, or the provider's. */
export interface ClientOrUrl {
  readonly client?: Client | undefined;
  /** Makes a client for this URL, shared by all components that name it with the same options, and connects it. */
  readonly url?: string | undefined;
  /** For the client that is made. Read once. */
  readonly options?: ClientOptions | undefined;
  /** Whether the client that is made connects by itself. Default: true. */
  readonly autoConnect?: boolean | undefined;
}

/** Returns the client to use, as soon as there is one. What goes wrong while it is made is thrown when rendering. */
export function useClientAt({ client, url, options, autoConnect }: ClientOrUrl): Client | undefined {
  const made = useMadeClient(client === undefined ? url : undefined, options, autoConnect);
  return useClient(client ?? made, url !== undefined);
}

interface Made {
  readonly url: string;
  readonly client?: Client;
  readonly failure?: { readonly error: unknown };
}

function useMadeClient(
  url: string | undefined,
  options: ClientOptions = {},
  autoConnect = true,
): Client | undefined {
  const [made, setMade] = useState<Made>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: options are read once, as documented
  const held = useMemo(() => (url === undefined ? undefined : clientAt(url, options)), [url]);
  useEffect(() => {
    if (url === undefined || held === undefined) return;
    const [loading, release] = held.hold();
    let isHere = true;
    const came = (client: Client) => {
      if (!isHere) return;
      setMade({ url, client });
      // What goes wrong with the connection stands in the snapshot.
      if (autoConnect) client.connect().catch(() => {});
    };
    loading.then(came).catch((error: unknown) => isHere && setMade({ url, failure: { error } }));
    return () => {
      isHere = false;
      release();
    };
  }, [held, url, autoConnect]);
  if (made === undefined || made.url !== url) return undefined;
  if (made.failure !== undefined) throw made.failure.error;
  return made.client;
}

/** Returns the client of a URL and its options, which are alike if they are written alike. */
function clientAt(url: string, options: ClientOptions): Holdable<Promise<Client>> {
  const { profile, dialect, settings, urls, name } = options;
  const key = JSON.stringify([url, profile, dialect, settings, urls, name]);
  const end = (loading: Promise<Client>) => {
    clients.delete(key);
    loading.then((client) => client.close()).catch(() => {});
  };
  const hold = () => {
    const held = clients.get(key) ?? new Held(() => load(url, options), end);
    clients.set(key, held);
    return held.hold();
  };
  return { hold };
}

async function load(url: string, options: ClientOptions): Promise<Client> {
  // Only now: hooks and components that are given a client need none of it.
  const { EverlinkClient } = await import('../index.js');
  return new EverlinkClient(url, options);
}

const clients = new Map<string, Held<Promise<Client>>>();
