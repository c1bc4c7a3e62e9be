/** Listeners that cannot harm each other. */

/** Calls each listener of a copy of the list; one that throws is reported, and the others are still called. */
export function callEach<A extends readonly unknown[]>(
  listeners: Iterable<(...args: A) => void>,
  report: (error: unknown) => void,
  ...args: A
): void {
  for (const listener of [...listeners]) {
    callOne(listener, report, ...args);
  }
}

/** Calls one listener, if there is one; what it throws is reported. */
export function callOne<A extends readonly unknown[]>(
  listener: ((...args: A) => void) | undefined,
  report: (error: unknown) => void,
  ...args: A
): void {
  try {
    listener?.(...args);
  } catch (error) {
    report(error);
  }
}

/** Takes the first place of a listener out of a list, in place. */
export function takeOut<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) {
    list.splice(at, 1);
  }
}
