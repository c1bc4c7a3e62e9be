/** Reading a part of something that changes, without a render for the rest of it. */

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

/** What fits `useSyncExternalStore`. */
export interface Readable<S> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): S;
}

/**
 * Reads what `select` takes of `readable`. Renders again only when that is another value: selections are compared as
 * values, objects and lists by their members, so that a selector may make a new object each time.
 *
 * `serverSnapshot` stands for the snapshot on a server and while its page is hydrated.
 */
export function useSelection<S, T>(readable: Readable<S>, serverSnapshot: S, select: (snapshot: S) => T): T {
  // What was shown last: a new selector that selects the same gives the same object again.
  const shown = useRef<{ value: T } | undefined>(undefined);
  const [subscribe, get, getServer] = useMemo(() => {
    let last: { snapshot: S; selected: T } | undefined;
    const pick = (snapshot: S): T => {
      if (last !== undefined && Object.is(last.snapshot, snapshot)) return last.selected;
      const before = last === undefined ? shown.current : { value: last.selected };
      const now = select(snapshot);
      const selected = before !== undefined && isSame(before.value, now) ? before.value : now;
      last = { snapshot, selected };
      return selected;
    };
    return [
      (listener: () => void) => readable.subscribe(listener),
      () => pick(readable.getSnapshot()),
      () => pick(serverSnapshot),
    ];
  }, [readable, serverSnapshot, select]);
  const value = useSyncExternalStore(subscribe, get, getServer);
  useEffect(() => {
    shown.current = { value };
  }, [value]);
  return value;
}

/** Takes everything. */
export const whole = <S>(snapshot: S): S => snapshot;

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && Object.is(a[key], b[key]))
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
