/** Waiting for what happens, with a limit. */

/** Resolves once `condition` holds: looked at after each turn of the event loop. */
export async function until(condition: () => boolean, limitMs = 5000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Error(`not in ${limitMs} ms: ${condition.toString()}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves with what a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was rejected');
}
