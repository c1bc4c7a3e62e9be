/** What all components take. */

import { type HTMLAttributes, useMemo } from 'react';
import type { ConnectionSource } from '../../api.js';
import { CONNECTION_TEXTS, type ConnectionTexts } from './texts.js';

/** What every component of a connection takes, beside what its outermost element takes. */
export interface ConnectionProps extends Omit<HTMLAttributes<HTMLElement>, 'children'> {
  /** Default: the provider's. */
  readonly source?: ConnectionSource | undefined;
  /** Words to use instead of the English ones. */
  readonly texts?: Partial<ConnectionTexts> | undefined;
}

export function useTexts(texts: Partial<ConnectionTexts> | undefined): ConnectionTexts {
  return useMemo(() => ({ ...CONNECTION_TEXTS, ...texts }), [texts]);
}

/** Puts class names together. */
export function classes(...names: (string | false | undefined)[]): string {
  return names.filter(Boolean).join(' ');
}
