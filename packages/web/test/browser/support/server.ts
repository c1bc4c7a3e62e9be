/** `everlink serve`, at one address for its lives. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from './process.js';

export interface ServerOptions {
  readonly store?: 'disk' | 'memory';
  /** Time from one heartbeat to the next, such as `100ms`. Default: a second. */
  readonly heartbeat?: string;
  /** Further arguments of `everlink serve`. */
  readonly args?: readonly string[];
}

/** A message as the server's log has it. */
export interface Stored {
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

export class Server {
  readonly #folder: string | undefined;
  readonly #args: readonly string[];
  #command: Command | undefined;
  #address = '127.0.0.1:0';

  private constructor({ store = 'memory', heartbeat = '1s', args = [] }: ServerOptions) {
    this.#folder = store === 'disk' ? mkdtempSync(join(tmpdir(), 'everlink-')) : undefined;
    // Short, so that silence is noticed soon; not so short that a busy machine looks like it.
    this.#args = ['--heartbeat-interval', heartbeat, '--heartbeat-timeout', '1s', ...args];
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(options);
    await server.start();
    return server;
  }

  /** Host and port. */
  get address(): string {
    return this.#address;
  }

  async start(): Promise<void> {
    const store = this.#folder === undefined ? ['--memory'] : ['--data', this.#folder];
    const args = ['serve', '--json', '--listen', this.#address, ...store, ...this.#args];
    const [command, { addresses }] = await Command.start(args, 'serving');
    this.#command = command;
    this.#address = (addresses as string[])[0] ?? this.#address;
  }

  async kill(): Promise<void> {
    await this.#command?.kill();
    this.#command = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Asks a REST endpoint; throws unless it says yes. */
  async ask<T>(path: string, body?: object): Promise<T> {
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await fetch(`http://${this.#address}${path}`, {
      ...(body !== undefined && post),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The whole log of a channel. */
  async log(channel: string): Promise<readonly Stored[]> {
    const all: Stored[] = [];
    let after: number | null = 0;
    while (after !== null && all.length < LOG_MAX) {
      const path: string = `/conversations/${encodeURIComponent(channel)}/messages?limit=500&after=${after}`;
      const page: { messages: Stored[]; next_after: number | null } = await this.ask(path);
      all.push(...page.messages);
      after = page.next_after;
    }
    return all;
  }

  /** How many clients are connected now. */
  async connections(): Promise<number> {
    return (await this.ask<{ connections: number }>('/health')).connections;
  }
}

const ANSWER_MS = 10_000;
const LOG_MAX = 20_000;
