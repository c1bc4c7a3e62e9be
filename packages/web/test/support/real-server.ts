/** `everlink serve`, as a process that can be killed and started again at the same address. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The built command: `EVERLINK_BIN`, or what cargo built last; undefined where there is none. */
export const BINARY: string | undefined = [
  process.env['EVERLINK_BIN'],
  ...['debug', 'release'].map((profile) =>
    resolve(import.meta.dirname, `../../../../target/${profile}/everlink`),
  ),
].find((path) => path !== undefined && existsSync(path));

export class RealServer {
  #process: ChildProcess | undefined;
  #address = '127.0.0.1:0';
  readonly #folder: string | undefined;

  /** On disk what was stored outlives the process; in memory each start is another life of every log. */
  constructor(store: 'disk' | 'memory') {
    this.#folder = store === 'disk' ? mkdtempSync(join(tmpdir(), 'everlink-')) : undefined;
  }

  /** Host and port. */
  get address(): string {
    return this.#address;
  }

  async start(): Promise<void> {
    const store = this.#folder === undefined ? ['--memory'] : ['--data', this.#folder];
    // A demonstration that answers by itself would be heard among what is counted.
    const args = ['serve', '--json', '--no-demo-responders', '--listen', this.#address, ...store];
    const server = spawn(BINARY as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = server;
    const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
    for await (const line of lines) {
      const told = JSON.parse(line) as { event: string; addresses?: string[] };
      if (told.event === 'serving') {
        this.#address = told.addresses?.[0] ?? this.#address;
        server.stdout?.resume();
        return;
      }
    }
    throw new Error('the server ended before it served');
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    if (this.#folder !== undefined) {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** Asks a REST endpoint; throws unless it says yes. */
  async post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://${this.#address}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
    return response.json();
  }
}
