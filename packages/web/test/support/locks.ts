/**
 * Web Locks for tests, after the specification (https://w3c.github.io/web-locks/): requests of a name are granted in their
 * order, shared ones together, and a page that ends loses what it holds and what it asked for.
 */

type Callback = (lock: Lock | null) => unknown;

interface Request {
  readonly page: object;
  readonly name: string;
  readonly mode: LockMode;
  readonly run: Callback;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  cleanUp: () => void;
}

/** The locks of one origin. */
export class LockTable {
  #held: Request[] = [];
  #queue: Request[] = [];

  /** What one page sees of them. */
  manager(page: object): LockManager {
    return {
      request: (name: string, ...rest: [LockOptions, Callback] | [Callback]) =>
        this.#request(page, name, rest),
      query: () => Promise.resolve({ held: this.#held.map(shown), pending: this.#queue.map(shown) }),
    } as LockManager;
  }

  isHeld(name: string): boolean {
    return this.#held.some((held) => held.name === name);
  }

  /** A page ends, in whatever way. */
  end(page: object): void {
    this.#queue = this.#queue.filter((request) => request.page !== page);
    this.#held = this.#held.filter((request) => request.page !== page);
    this.#grant();
  }

  #request(page: object, name: string, rest: [LockOptions, Callback] | [Callback]): Promise<unknown> {
    const [options, run] = rest.length === 2 ? rest : [{} as LockOptions, rest[0]];
    const { mode = 'exclusive', ifAvailable = false, steal = false, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      if (signal !== undefined && (ifAvailable || steal)) {
        reject(new DOMException('signal cannot stand beside ifAvailable or steal', 'NotSupportedError'));
        return;
      }
      const request: Request = { page, name, mode, run, resolve, reject, cleanUp: () => undefined };
      if (steal) {
        this.#steal(request);
      } else if (
        ifAvailable &&
        !(this.#isFree(request) && !this.#queue.some((other) => other.name === name))
      ) {
        settle(request, null);
      } else {
        this.#wait(request, signal);
      }
    });
  }

  #wait(request: Request, signal: AbortSignal | undefined): void {
    this.#queue.push(request);
    const abort = () => {
      if (this.#queue.includes(request)) {
        this.#queue.splice(this.#queue.indexOf(request), 1);
        request.reject(signal?.reason);
        this.#grant();
      }
    };
    signal?.addEventListener('abort', abort);
    request.cleanUp = () => signal?.removeEventListener('abort', abort);
    this.#grant();
  }

  #steal(request: Request): void {
    const robbed = this.#held.filter((held) => held.name === request.name);
    this.#held = this.#held.filter((held) => held.name !== request.name);
    for (const held of robbed) {
      held.reject(new DOMException('the lock was stolen', 'AbortError'));
    }
    this.#hold(request);
  }

  #grant(): void {
    for (const request of [...this.#queue]) {
      const earlier = this.#queue.slice(0, this.#queue.indexOf(request));
      if (this.#isFree(request) && !earlier.some((other) => other.name === request.name)) {
        this.#queue.splice(this.#queue.indexOf(request), 1);
        request.cleanUp();
        this.#hold(request);
      }
    }
  }

  #hold(request: Request): void {
    this.#held.push(request);
    queueMicrotask(() => {
      if (this.#held.includes(request)) {
        void settle(request, { name: request.name, mode: request.mode }).then(() => this.#release(request));
      }
    });
  }

  #release(request: Request): void {
    const place = this.#held.indexOf(request);
    if (place >= 0) {
      this.#held.splice(place, 1);
      this.#grant();
    }
  }

  #isFree({ name, mode }: Request): boolean {
    return !this.#held.some(
      (held) => held.name === name && (mode === 'exclusive' || held.mode === 'exclusive'),
    );
  }
}

function settle(request: Request, lock: Lock | null): Promise<void> {
  return Promise.resolve()
    .then(() => request.run(lock))
    .then(request.resolve, request.reject);
}

function shown({ name, mode }: Request): LockInfo {
  return { name, mode, clientId: '' };
}
