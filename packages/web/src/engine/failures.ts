/** What a failure is and what is done about it, from the table that the engine decides by. */

import type { Cause, FailureClass, Verdict } from './failure.js';
import { FAILURES, type FailureRow } from './generated/failures.js';

/** Returns the family of a cause. */
export function failureClass(cause: Cause): FailureClass {
  return row(cause)[3];
}

/** Returns what is done after a cause, unless an option overrides it. */
export function verdictOf(cause: Cause): Verdict {
  return row(cause)[4];
}

function row(cause: Cause): FailureRow {
  const code = 'code' in cause ? cause.code : 0;
  const found = FAILURES.find(([type, first, last]) => type === cause.type && first <= code && code <= last);
  if (found === undefined) {
    throw new RangeError(
      `\`cause\` is ${JSON.stringify(cause)}; accepted: a cause, its code from 0 to 65535`,
    );
  }
  return found;
}
