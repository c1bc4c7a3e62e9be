/**
 * Chromium without Playwright, which makes every page believe that it is looked at: here tabs hide each other, and their
 * timers are throttled as they are on a desk. Spoken to by its pipe, in the words of the DevTools protocol.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { FLAGS, program } from './chromium.js';
import { eventually } from './test.js';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Waiter {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class RawChromium {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Map<number, Waiter>();
  #last = 0;
  #text = '';

  /** @param args more of the command line. */
  constructor(args: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'everlink-chromium-'));
    const own = ['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${this.#folder}`];
    this.#child = spawn(program(), [...own, ...FLAGS, ...args, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own: what its helpers still write would keep its folder from going.
      detached: true,
    });
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve));
    process.once('exit', this.#kill);
    (this.#child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#ended.then(() => this.#failAll());
  }

  /** Opens a tab, which hides the others. */
  async open(url: string): Promise<RawTab> {
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', { url });
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', attach);
    return new RawTab(this, targetId, sessionId);
  }

  async send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return (await answer) as T;
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill);
    this.#kill();
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20 });
  }

  readonly #kill = () => {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };

  #take(text: string): void {
    const parts = (this.#text + text).split('\0');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const { id, result, error } = JSON.parse(part) as Answer;
      const waiter = this.#waiting.get(id ?? 0);
      this.#waiting.delete(id ?? 0);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(new Error(error.message));
    }
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('Chromium ended'));
    this.#waiting.clear();
  }
}

/** A tab of such a browser. */
export class RawTab {
  constructor(
    readonly browser: RawChromium,
    readonly target: string,
    readonly session: string,
  ) {}

  /** Runs a function in the page, as Playwright's pages do. */
  async evaluate<A, T>(run: (argument: A) => T | Promise<T>, argument?: A): Promise<T> {
    const expression = `(${run})(${JSON.stringify(argument)})`;
    const params = { expression, awaitPromise: true, returnByValue: true };
    interface Evaluated {
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
    }
    const told = await this.browser.send<Evaluated>('Runtime.evaluate', params, this.session);
    if (told.exceptionDetails !== undefined) {
      throw new Error(told.exceptionDetails.exception?.description ?? 'it threw');
    }
    return told.result.value;
  }

  /** Shows it, which hides the others. */
  async show(): Promise<void> {
    await this.browser.send('Target.activateTarget', { targetId: this.target });
    await this.until(() => document.visibilityState === 'visible');
  }

  async until<A>(look: (argument: A) => unknown, argument?: A, limitMs?: number): Promise<void> {
    const run = () => this.evaluate(look, argument);
    await eventually(`${look}`, run, Boolean, limitMs);
  }
}
