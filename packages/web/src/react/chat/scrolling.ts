/** Where a list of messages stands: at its end, following it, or further up, where new ones must not move it. */

import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Entry } from '../channel/entries.js';

export interface Scrolling {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
  readonly isAtEnd: boolean;
  /** Messages of others that came while the list stood further up. */
  readonly unseen: number;
  readonly toEnd: () => void;
}

export function useScrolling(messages: readonly Entry[]): Scrolling {
  const ref = useRef<HTMLDivElement | null>(null);
  const before = useRef({ height: 0, first: '', last: '' });
  const [isAtEnd, setAtEnd] = useState(true);
  const [seenKey, setSeenKey] = useState('');
  const first = messages[0]?.key ?? '';
  const last = messages.at(-1);

  useLayout(() => {
    const list = ref.current;
    if (list === null) return;
    const was = before.current;
    const isNew = last !== undefined && last.key !== was.last;
    if (isAtEnd || (isNew && last.type === 'message' && last.status === 'queued'))
      list.scrollTop = list.scrollHeight;
    else if (first !== was.first && !isNew) list.scrollTop += list.scrollHeight - was.height;
    before.current = { height: list.scrollHeight, first, last: last?.key ?? '' };
  }, [messages, isAtEnd]);

  useEffect(() => {
    if (isAtEnd) setSeenKey(last?.key ?? '');
  }, [isAtEnd, last?.key]);

  // The list itself becomes smaller when a banner comes, and larger when it goes.
  useEffect(() => {
    const list = ref.current;
    if (list === null || !isAtEnd || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => {
      list.scrollTop = list.scrollHeight;
    });
    observer.observe(list);
    return () => observer.disconnect();
  }, [isAtEnd]);

  const onScroll = useCallback(() => {
    const list = ref.current;
    if (list !== null) setAtEnd(list.scrollHeight - list.scrollTop - list.clientHeight <= NEAR_PX);
  }, []);
  const toEnd = useCallback(() => {
    setAtEnd(true);
    if (ref.current !== null) ref.current.scrollTop = ref.current.scrollHeight;
    ref.current?.focus({ preventScroll: true });
  }, []);
  const unseen = useMemo(() => (isAtEnd ? 0 : countUnseen(messages, seenKey)), [messages, seenKey, isAtEnd]);
  return { ref, onScroll, isAtEnd, unseen, toEnd };
}

function countUnseen(messages: readonly Entry[], seenKey: string): number {
  const seen = messages.findLastIndex((entry) => entry.key === seenKey);
  return messages.slice(seen + 1).filter((entry) => entry.type === 'gap' || !entry.own).length;
}

/** A server has no layout, and React says so if it is asked for one. */
function useLayout(...effect: Parameters<typeof useEffect>): void {
  const use = typeof document === 'undefined' ? useEffect : useLayoutEffect;
  use(...effect);
}

const NEAR_PX = 32;
