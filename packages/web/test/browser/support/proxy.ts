/** `everlink chaos` between pages and server. */

import { Command } from './process.js';

export class ChaosProxy {
  readonly #command: Command;
  readonly #control: string;
  /** Where pages connect to: host and port. */
  readonly address: string;

  private constructor(command: Command, address: string, control: string) {
    this.#command = command;
    this.address = address;
    this.#control = control;
  }

  static async start(to: string): Promise<ChaosProxy> {
    const args = ['chaos', '--json', '--to', to, '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0'];
    const [command, { listen, control }] = await Command.start(args, 'started');
    return new ChaosProxy(command, listen as string, (control as string).replace(/\/$/, ''));
  }

  /** Closes all connections. Returns how many there were. */
  async cut(): Promise<number> {
    return (await this.#ask<{ connections: number }>('POST', '/cut')).connections;
  }

  /** Resets all connections. Returns how many there were. */
  async reset(): Promise<number> {
    return (await this.#ask<{ connections: number }>('POST', '/reset')).connections;
  }

  /** From now on, in the words of `everlink chaos`: `refuse`, `blackhole`, `half-open=up`, … */
  async fault(fault: string, scope: 'all' | 'live' | 'new' = 'all'): Promise<void> {
    await this.#ask('POST', '/fault', { fault, scope });
  }

  /** No connection stands, and none comes about. */
  async down(): Promise<void> {
    await this.fault('refuse', 'new');
    await this.reset();
  }

  /** Without faults again. */
  async heal(): Promise<void> {
    await this.#ask('DELETE', '/fault');
  }

  /** How many connections there are. */
  async open(): Promise<number> {
    const { counters } = await this.#ask<{ counters: { connections_open: number } }>('GET', '/status');
    return counters.connections_open;
  }

  /** How many connections there have ever been. */
  async total(): Promise<number> {
    return (await this.#ask<{ counters: { connections: number } }>('GET', '/status')).counters.connections;
  }

  async remove(): Promise<void> {
    await this.#command.kill();
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.#control + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

const ANSWER_MS = 10_000;
