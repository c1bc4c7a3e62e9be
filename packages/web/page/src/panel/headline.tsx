/** How the connection is now, in a line, and what comes next. */

import type { ReactNode } from 'react';
import type { ConnectionSnapshot } from '../../../src/api.js';
import type { Desk } from '../desk.js';
import { useNow, useStore } from '../hooks.js';
import { GUARANTEES, seconds } from '../watch/watch.js';
import { Shape, STATE_WORDS } from './states.jsx';

export function Headline({ desk }: { readonly desk: Desk }): ReactNode {
  const snapshot = useStore(clientStore(desk));
  const now = useNow(250);
  const isUp = snapshot.state === 'connected';
  return (
    <div className="headline" data-state={snapshot.state}>
      <Shape state={snapshot.state} />
      <div className="headline-text">
        <strong>{STATE_WORDS[snapshot.state]}</strong>
        {/* It counts: not for a screen reader, which hears the state from the chat. */}
        <span aria-hidden="true">{detail(snapshot, now)}</span>
      </div>
      {!isUp && (
        <button type="button" className="button" onClick={() => desk.client.reconnect()}>
          Reconnect now
        </button>
      )}
      {isUp && <span className="promise">{GUARANTEES[snapshot.guarantee]}</span>}
    </div>
  );
}

function detail(snapshot: ConnectionSnapshot, now: number): string {
  const { state, nextAttemptAt, connectedSince, attempts, lastError } = snapshot;
  if (state === 'connected')
    return connectedSince === undefined ? '' : `for ${duration(now - connectedSince)}`;
  if (nextAttemptAt !== undefined)
    return `attempt ${attempts} in ${seconds(Math.max(0, nextAttemptAt - now))}`;
  if (state === 'connecting' || state === 'reconnecting')
    return attempts > 0 ? `attempt ${attempts} is under way` : '';
  return lastError?.message ?? '';
}

/** Says a time in whole seconds or minutes. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const stores = new WeakMap<
  Desk,
  { subscribe: (listener: () => void) => () => void; getSnapshot: () => ConnectionSnapshot }
>();

/** A client's methods, bound: one object for each desk, so that nothing is watched anew at each render. */
export function clientStore(desk: Desk) {
  const known = stores.get(desk);
  if (known !== undefined) return known;
  const { client } = desk;
  const store = {
    subscribe: (listener: () => void) => client.subscribe(listener),
    getSnapshot: () => client.getSnapshot(),
  };
  stores.set(desk, store);
  return store;
}
