/** Who listens to what; one that throws harms nobody else. */

type Listener = (event: never) => void;

interface Entry {
  readonly once: boolean;
  readonly stop: () => void;
}

/** Listeners by the names of their events, as `EventTarget` has them. */
export class Listeners<Events> {
  private readonly all = new Map<keyof Events, Map<Listener, Entry>>();

  constructor(private readonly failed: (error: unknown, where: string) => void) {}

  add<K extends keyof Events>(
    type: K,
    listener: (event: CustomEvent<Events[K]>) => void,
    { once = false, signal }: AddEventListenerOptions = {},
  ): void {
    const listeners = this.all.get(type) ?? new Map<Listener, Entry>();
    if (signal?.aborted || listeners.has(listener)) return;
    const aborted = (): void => this.remove(type, listener);
    signal?.addEventListener('abort', aborted);
    listeners.set(listener, { once, stop: () => signal?.removeEventListener('abort', aborted) });
    this.all.set(type, listeners);
  }

  remove<K extends keyof Events>(type: K, listener: (event: CustomEvent<Events[K]>) => void): void {
    const listeners = this.all.get(type);
    listeners?.get(listener)?.stop();
    listeners?.delete(listener);
  }

  has(type: keyof Events): boolean {
    return (this.all.get(type)?.size ?? 0) > 0;
  }

  tell<K extends keyof Events>(type: K, detail: Events[K]): void {
    if (this.has(type)) this.dispatch(type, makeEvent(String(type), detail));
  }

  /** Hands an event to those who listen now. */
  dispatch(type: keyof Events, event: unknown): void {
    const listeners = this.all.get(type);
    for (const [listener, { once }] of [...(listeners ?? [])]) {
      if (!listeners?.has(listener)) continue;
      if (once) this.remove(type, listener as never);
      contain(
        () => listener(event as never),
        (error) => this.failed(error, `listener of ${String(type)}`),
      );
    }
  }
}

/** Runs code of the application. */
export function contain(run: () => void, failed: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    failed(error);
  }
}

/** Some runtimes have no events of their own. */
function makeEvent<T>(type: string, detail: T): CustomEvent<T> {
  if (typeof CustomEvent === 'function') return new CustomEvent(type, { detail });
  return { type, detail } as CustomEvent<T>;
}
