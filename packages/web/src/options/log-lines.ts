/** Lines for people who look into the console, each behind the name of who says it. */

import type { Logger } from '../api.js';

export class LogLines {
  readonly #prefix: string;
  readonly #logger: Logger | undefined;

  /** `false` is silence; without a logger lines go to the console. */
  constructor(prefix: string, logger: Logger | false | undefined) {
    this.#prefix = prefix;
    this.#logger = logger === false ? undefined : (logger ?? globalThis.console);
  }

  info(text: string): void {
    this.#logger?.info(`[${this.#prefix}] ${text}`);
  }

  warn(text: string): void {
    this.#logger?.warn(`[${this.#prefix}] ${text}`);
  }

  /** `fields` may hold what an application threw; never a payload. */
  error(text: string, fields?: Record<string, unknown>): void {
    const line = `[${this.#prefix}] ${text}`;
    if (fields === undefined) {
      this.#logger?.error(line);
    } else {
      this.#logger?.error(line, fields);
    }
  }
}
