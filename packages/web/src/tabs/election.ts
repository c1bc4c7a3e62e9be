/** Which tab leads: whoever holds a lock, as long as it answers. */

import { ANSWER_MS } from './limits.js';
import { Lobby, type TabScope } from './scope.js';

export interface ElectionHost {
  /** This tab leads from now on. */
  won(): void;
  /** It leads no longer: another one has taken the lead, or this one gave it up. */
  lost(): void;
}

/**
 * A lock makes one tab the leader, and gives the lead to the next in line when it ends. A leader that is frozen keeps its
 * lock: when it does not answer, one of those who wait for it takes the lock away from it.
 */
export class Election {
  readonly #scope: TabScope;
  readonly #host: ElectionHost;
  #line: AbortController | undefined;
  #release: (() => void) | undefined;
  #isContending = false;

  constructor(scope: TabScope, host: ElectionHost) {
    this.#scope = scope;
    this.#host = host;
  }

  get isLeader(): boolean {
    return this.#release !== undefined;
  }

  /** Gets in line. */
  start(): void {
    if (this.#line !== undefined) {
      return;
    }
    this.#line = new AbortController();
    const { signal } = this.#line;
    this.#request({ signal }, signal);
  }

  /** Gives up the lead, or the place in line. */
  stop(): void {
    const wasLeader = this.isLeader;
    this.#line?.abort();
    this.#line = undefined;
    this.#release?.();
    this.#release = undefined;
    if (wasLeader) {
      this.#host.lost();
    }
  }

  /** Nobody answers: asks once more, one tab at a time, and takes the lead away from a leader that is silent. */
  contend(): void {
    const line = this.#line;
    if (line === undefined || this.isLeader || this.#isContending) {
      return;
    }
    this.#isContending = true;
    const { signal } = line;
    const contest = async () => {
      if (!this.isLeader && !signal.aborted && !(await this.#answers()) && !signal.aborted) {
        await this.#steal();
      }
    };
    this.#scope.locks
      .request(`${this.#scope.name}:contest`, { signal }, contest)
      .catch(() => undefined) // Stopped meanwhile.
      .finally(() => {
        this.#isContending = false;
      });
  }

  /** Resolves once this tab leads. */
  #steal(): Promise<void> {
    this.#line?.abort(); // The place in line is not needed any more.
    const line = new AbortController();
    this.#line = line;
    return new Promise((resolve) => this.#request({ steal: true }, line.signal, resolve));
  }

  #request(options: LockOptions, signal: AbortSignal, won?: () => void): void {
    let isHeld = false;
    const hold = () => {
      if (signal.aborted) {
        won?.();
        return undefined;
      }
      return new Promise<void>((release) => {
        isHeld = true;
        this.#release = release;
        this.#host.won();
        won?.();
      });
    };
    this.#scope.locks.request(`${this.#scope.name}:leader`, options, hold).catch(() => {
      won?.();
      // Robbed while it slept; one that stopped by itself has nothing to tell.
      if (isHeld && !signal.aborted) {
        this.#line = undefined;
        this.#release = undefined;
        this.#host.lost();
        this.start();
      }
    });
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const over = (answers: boolean) => {
        cancel();
        lobby.close();
        resolve(answers);
      };
      const lobby = new Lobby(this.#scope, (message) => message.type === 'lead' && over(true));
      const cancel = this.#scope.setTimer(ANSWER_MS, () => over(false));
      lobby.post({ type: 'who' });
    });
  }
}
