import type { Logger } from '../../src/api.js';

/** A console that is read. */
export class Lines implements Logger {
  readonly all: string[] = [];
  readonly debug = (text: string): void => void this.all.push(text);
  readonly info = this.debug;
  readonly warn = this.debug;
  readonly error = this.debug;

  matching(pattern: RegExp): string[] {
    return this.all.filter((line) => pattern.test(line));
  }
}
