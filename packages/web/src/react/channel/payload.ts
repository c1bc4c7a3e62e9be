/** What came from outside, as what it may be: nothing is believed of it. */

import type { Json, Payload } from '../../api.js';

/** Returns the fields of an object; none of anything else. */
export function fieldsOf(payload: Payload | undefined): Readonly<Record<string, Json | undefined>> {
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  return isObject && !(payload instanceof Uint8Array) ? (payload as Record<string, Json>) : {};
}

/** Returns a text; nothing of anything else. */
export function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
