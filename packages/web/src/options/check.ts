/** Options that users give: checked once, at the door, by a table. */

import { ConfigError } from '../engine/errors.js';

/** What one option accepts. */
export interface Rule {
  /** In words, for the error. */
  readonly accepted: string;
  accepts(value: unknown): boolean;
}

/** An integer from `min` to `max`. */
export function integer(min: number, max: number, unit = ''): Rule {
  return {
    accepted: `an integer from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A number of attempts, or `Infinity` for no limit. */
export function attempts(): Rule {
  const counted = integer(1, ATTEMPTS_MAX);
  return {
    accepted: `${counted.accepted}, or Infinity for no limit`,
    accepts: (value) => value === Number.POSITIVE_INFINITY || counted.accepts(value),
  };
}

/** A number from `min` to `max`. */
export function number(min: number, max: number): Rule {
  return {
    accepted: `a number from ${min} to ${max}`,
    accepts: (value) => typeof value === 'number' && value >= min && value <= max,
  };
}

export const flag: Rule = { accepted: 'true or false', accepts: (value) => typeof value === 'boolean' };

export const text: Rule = {
  accepted: 'a text that is not empty',
  accepts: (value) => typeof value === 'string' && value !== '',
};

export const callable: Rule = { accepted: 'a function', accepts: (value) => typeof value === 'function' };

export const object: Rule = {
  accepted: 'an object',
  accepts: (value) => typeof value === 'object' && value !== null,
};

/** Where log lines go, or `false` for nowhere. */
export const logger: Rule = {
  accepted: 'an object with debug, info, warn and error, or false for silence',
  accepts: (value) => value === false || isLogger(value),
};

/** The rules of a manager's options, by name. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule };

/**
 * Checks options against their rules; one that is `undefined` counts as not given.
 *
 * @throws ConfigError names the option, the value and what is accepted.
 */
export function checkOptions<T extends object>(owner: string, given: T, rules: Rules<T>): void {
  if (typeof given !== 'object' || given === null) {
    throw new ConfigError(owner, `${owner}: the options are ${show(given)}; accepted: an object`);
  }
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? (rules as Record<string, Rule>)[name] : undefined;
    if (rule === undefined) {
      const names = Object.keys(rules).join(', ');
      throw new ConfigError(name, `${owner}: \`${name}\` is not an option; accepted: ${names}`);
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw optionError(owner, name, value, rule.accepted);
    }
  }
}

/** Makes the error of an option that cannot be used. */
export function optionError(owner: string, name: string, value: unknown, accepted: string): ConfigError {
  return new ConfigError(name, `${owner}: \`${name}\` is ${show(value)}; accepted: ${accepted}`);
}

/** Writes a value into an error, shortly. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value);
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    return `a ${typeof value}`;
  }
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
  return String(value);
}

function isLogger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const methods = value as Record<string, unknown>;
  return ['debug', 'info', 'warn', 'error'].every((name) => typeof methods[name] === 'function');
}

/** What the engine takes as an attempt limit. */
const ATTEMPTS_MAX = 1_000_000;

/** Longest text that an error repeats. */
const SHOWN_MAX = 60;

/** Longest delay that the engine takes: 15 minutes. */
export const DELAY_MAX_MS = 900_000;
