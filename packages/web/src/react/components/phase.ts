/** What there is to say about a connection, and when. */

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ConnectionSource } from '../../api.js';
import type { ConnectionState } from '../../engine/types.js';
import { useConnectionView } from '../connection/hook.js';
import type { ConnectionView } from '../connection/store.js';

/**
 * `quiet`: nothing to say. `connecting`, `reconnecting`, `disconnected`: it has been away for longer than a blink.
 * `failed`: it has given up. `restored`: it is back after one of these.
 */
export type Phase = 'quiet' | 'connecting' | 'reconnecting' | 'disconnected' | 'failed' | 'restored';

/** How long a loss may last before it is mentioned. Unit: ms. */
export const DELAY_MS = 1500;

/** Returns the phase of a connection: short losses are passed over in silence, giving up is told at once. */
export function usePhase(source: ConnectionSource, delayMs: number = DELAY_MS): Phase {
  const state = useConnectionView(source, stateOf);
  const phase = AWAY[state];
  const isAway = phase !== undefined && phase !== 'failed';
  const [isLate, setLate] = useState(false);
  const [wasTold, setTold] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!isAway) return;
    const timer = setTimeout(() => setLate(true), delayMs);
    return () => clearTimeout(timer);
  }, [isAway, delayMs]);
  const shown = phase === 'failed' || (isAway && isLate) ? phase : undefined;
  useEffect(() => {
    if (shown !== undefined) setTold(true);
    else if (state === 'closed') setTold(false);
  }, [shown, state]);
  return shown ?? (state === 'connected' && wasTold ? 'restored' : 'quiet');
}

/**
 * Returns whether the caller is the one that speaks for this connection: of all that are mounted with `wants`, the first.
 * Two live regions that say the same are heard twice.
 */
export function useVoice(source: ConnectionSource, wants: boolean): boolean {
  const [me] = useState(() => ({}));
  useEffect(() => {
    if (!wants) return;
    const voices = voicesOf(source);
    voices.queue.push(me);
    voices.tell();
    return () => {
      voices.queue.splice(voices.queue.indexOf(me), 1);
      voices.tell();
    };
  }, [source, wants, me]);
  const { subscribe, queue } = voicesOf(source);
  return useSyncExternalStore(subscribe, () => queue[0] === me, never);
}

interface Voices {
  readonly queue: object[];
  readonly subscribe: (listener: () => void) => () => void;
  readonly tell: () => void;
}

function voicesOf(source: ConnectionSource): Voices {
  let voices = allVoices.get(source);
  if (voices === undefined) {
    const listeners = new Set<() => void>();
    voices = {
      queue: [],
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      tell: () => {
        for (const listener of [...listeners]) listener();
      },
    };
    allVoices.set(source, voices);
  }
  return voices;
}

const AWAY: Partial<Record<ConnectionState, 'connecting' | 'reconnecting' | 'disconnected' | 'failed'>> = {
  connecting: 'connecting',
  reconnecting: 'reconnecting',
  disconnected: 'disconnected',
  error: 'failed',
};

const allVoices = new WeakMap<ConnectionSource, Voices>();
const stateOf = (view: ConnectionView): ConnectionState => view.state;
const never = () => false;
