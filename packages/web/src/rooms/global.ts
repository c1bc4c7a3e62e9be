/** The one reconnection manager that a page's components share. */

import { ConfigError } from '../engine/errors.js';
import { show } from '../options/check.js';
import { type ReconnectionOptions, reconnectionSettings } from './options.js';
import { ReconnectionManager } from './reconnection.js';

let current: ReconnectionManager | undefined;

/**
 * Returns the page's reconnection manager; the first call makes it. Later calls may leave options out, or repeat them.
 *
 * @throws ConfigError when an option cannot be used, or is another one than the manager has: a component would get
 * delays that it did not ask for. Such a component makes a `ReconnectionManager` of its own.
 */
export function getGlobalReconnectionManager(options: ReconnectionOptions = {}): ReconnectionManager {
  if (current === undefined) {
    current = new ReconnectionManager(options);
    return current;
  }
  reconnectionSettings({ ...current.options, ...options });
  for (const [name, value] of Object.entries(options)) {
    const has = current.options[name as keyof ReconnectionOptions];
    if (value !== undefined && value !== has) {
      const text = `getGlobalReconnectionManager: \`${name}\` is ${show(value)}, and the page's manager was made with ${show(has)}`;
      throw new ConfigError(name, `${text}; accepted: ${show(has)}, or a \`new ReconnectionManager\` beside it`);
    }
  }
  return current;
}

/** Forgets the page's manager, for tests; connections that are attached to it stay so. */
export function resetGlobalReconnectionManager(): void {
  current = undefined;
}
