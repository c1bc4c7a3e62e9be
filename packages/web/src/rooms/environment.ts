/** Options from the variables that a page built by Next.js has. */

import { pageAddress, socketUrl } from '../conversation/endpoint.js';
import { ConfigError } from '../engine/errors.js';
import { type Rule, show } from '../options/check.js';
import { RECONNECTION_DEFAULTS, RECONNECTION_RULES, type ReconnectionOptions } from './options.js';

/** The variables, by name; what is missing or empty counts as not set. */
export type Environment = { readonly [name: string]: string | undefined };

export interface EnvironmentOptions {
  /** From `NEXT_PUBLIC_SOCKET_URL` and `NEXT_PUBLIC_SOCKET_PATH`; undefined when neither is set. */
  readonly url: string | undefined;
  readonly reconnection: ReconnectionOptions;
}

/**
 * Reads `NEXT_PUBLIC_SOCKET_URL`, `NEXT_PUBLIC_SOCKET_PATH` and `NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS`, `…_BASE_DELAY`,
 * `…_MAX_DELAY` (milliseconds), by default as Next.js puts them into a page.
 *
 * @throws ConfigError names the variable, its value, and what is accepted.
 */
export function fromEnvironment(environment: Environment = builtIn()): EnvironmentOptions {
  const reconnection: ReconnectionOptions = {
    ...read(environment, MAX_ATTEMPTS, 'maxAttempts', RECONNECTION_RULES.maxAttempts),
    ...read(environment, BASE_DELAY, 'baseDelay', RECONNECTION_RULES.baseDelay),
    ...read(environment, MAX_DELAY, 'maxDelay', RECONNECTION_RULES.maxDelay),
  };
  const { baseDelay = RECONNECTION_DEFAULTS.baseDelay, maxDelay = RECONNECTION_DEFAULTS.maxDelay } = reconnection;
  if (maxDelay < baseDelay) {
    const variable = reconnection.maxDelay === undefined ? BASE_DELAY : MAX_DELAY;
    const accepted =
      variable === MAX_DELAY
        ? `at least ${BASE_DELAY} (${baseDelay})`
        : `at most ${MAX_DELAY}, which is ${maxDelay} where it is not set`;
    throw variableError(variable, environment[variable], accepted);
  }
  return { url: readUrl(environment), reconnection };
}

function read<K extends keyof ReconnectionOptions>(
  environment: Environment,
  variable: string,
  option: K,
  rule: Rule,
): Partial<Record<K, number>> {
  const value = environment[variable]?.trim();
  if (value === undefined || value === '') {
    return {};
  }
  const number = /^(\d+|Infinity)$/.test(value) ? Number(value) : undefined;
  if (number === undefined || !rule.accepts(number)) {
    throw variableError(variable, value, rule.accepted);
  }
  return { [option]: number } as Record<K, number>;
}

function readUrl(environment: Environment): string | undefined {
  const address = environment[URL_VARIABLE]?.trim() || undefined;
  const path = environment[PATH_VARIABLE]?.trim() || undefined;
  if (address === undefined && path === undefined) {
    return undefined;
  }
  if (path !== undefined && !/^\/[^?#]*$/.test(path)) {
    throw variableError(PATH_VARIABLE, path, 'a path that begins with /, such as /api/socket');
  }
  const page = pageAddress();
  const url = address === undefined ? page && socketUrl('/', page) : socketUrl(address);
  if (!url) {
    throw variableError(URL_VARIABLE, address, 'an address such as http://localhost:3001 or wss://chat.example');
  }
  if (path !== undefined) {
    url.pathname = path;
  }
  return url.href;
}

/** URLs may hold secrets: they are not repeated. */
function variableError(variable: string, value: string | undefined, accepted: string): ConfigError {
  const shown = variable === URL_VARIABLE && value !== undefined ? 'not such an address' : show(value);
  return new ConfigError(variable, `environment variable ${variable} is ${shown}; accepted: ${accepted}`);
}

/** Bundlers put values in where a variable is written out, and leave no `process` behind. */
function builtIn(): Environment {
  return {
    [URL_VARIABLE]: written(() => process.env.NEXT_PUBLIC_SOCKET_URL),
    [PATH_VARIABLE]: written(() => process.env.NEXT_PUBLIC_SOCKET_PATH),
    [MAX_ATTEMPTS]: written(() => process.env.NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS),
    [BASE_DELAY]: written(() => process.env.NEXT_PUBLIC_RECONNECTION_BASE_DELAY),
    [MAX_DELAY]: written(() => process.env.NEXT_PUBLIC_RECONNECTION_MAX_DELAY),
  };
}

function written(value: () => string | undefined): string | undefined {
  try {
    return value();
  } catch {
    return undefined;
  }
}

/** What a bundler replaces, or what Node has. */
declare const process: {
  readonly env: {
    readonly NEXT_PUBLIC_SOCKET_URL?: string;
    readonly NEXT_PUBLIC_SOCKET_PATH?: string;
    readonly NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS?: string;
    readonly NEXT_PUBLIC_RECONNECTION_BASE_DELAY?: string;
    readonly NEXT_PUBLIC_RECONNECTION_MAX_DELAY?: string;
  };
};

const URL_VARIABLE = 'NEXT_PUBLIC_SOCKET_URL';
const PATH_VARIABLE = 'NEXT_PUBLIC_SOCKET_PATH';
const MAX_ATTEMPTS = 'NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS';
const BASE_DELAY = 'NEXT_PUBLIC_RECONNECTION_BASE_DELAY';
const MAX_DELAY = 'NEXT_PUBLIC_RECONNECTION_MAX_DELAY';
