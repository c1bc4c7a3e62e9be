/** The built command as a process: what it says as JSON lines is waited for, and it ends with the test. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BINARY } from '../../support/real-server.js';

export { BINARY };

/** What a line says; the other fields are each command's own. */
export interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

const running = new Set<ChildProcess>();
// On failure too: nothing outlives the tests.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Command {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #errors = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', resolve));
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr?.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data).slice(-ERRORS_MAX);
    });
  }

  /** Starts `everlink …`, and waits for the line of an event. */
  static async start(args: readonly string[], event: string): Promise<[Command, Line]> {
    // It refuses variables of its prefix that it does not know, and the tests have some.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('EVERLINK_')),
    );
    const child = spawn(BINARY as string, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const command = new Command(child);
    return [command, await command.#said(event, args[0])];
  }

  async #said(event: string, word: string | undefined): Promise<Line> {
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), START_MS);
    try {
      return await new Promise<Line>((resolve, reject) => {
        lines.on('line', (text) => {
          const line = JSON.parse(text) as Line;
          if (line.event === event) resolve(line);
        });
        lines.on('close', () =>
          reject(new Error(`everlink ${word} did not say "${event}": ${this.#errors}`)),
        );
      });
    } finally {
      clearTimeout(limit);
    }
  }

  /** As by kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end; after a while it is killed. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#ended;
    clearTimeout(limit);
  }
}

const START_MS = 20_000;
const END_MS = 10_000;
const ERRORS_MAX = 4096;
