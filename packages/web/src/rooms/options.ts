/** Options of reconnection, by the names they always had. */

import type { Settings } from '../engine/types.js';
import type { Rules } from '../options/check.js';
import * as check from '../options/check.js';

export interface ReconnectionOptions {
  /** Delay before the first attempt, in milliseconds. Default: 1000. Range: 0 to 900000. */
  readonly baseDelay?: number | undefined;
  /** Longest delay, in milliseconds. Default: 5000. Range: `baseDelay` to 900000. */
  readonly maxDelay?: number | undefined;
  /** Attempts before it gives up. Default: 5. Range: 1 to 1000000, or Infinity. */
  readonly maxAttempts?: number | undefined;
  /** Factor from one delay to the next. Default: 2. Range: 1 to 10. */
  readonly backoffMultiplier?: number | undefined;
  /** Whether each delay is drawn from its upper half, so that clients do not come back all at once. Default: true. */
  readonly jitter?: boolean | undefined;
  /** Time from one health check to the next, in milliseconds. Default: 5000. Range: 100 to 3600000. */
  readonly healthCheckInterval?: number | undefined;
  /** Longest wait for its answer, in milliseconds. Default: 3000. Range: 50 to 600000. */
  readonly pingTimeout?: number | undefined;
}

/** All of them, filled in. */
export type ReconnectionSettings = { readonly [K in keyof ReconnectionOptions]-?: NonNullable<ReconnectionOptions[K]> };

export const RECONNECTION_DEFAULTS: ReconnectionSettings = Object.freeze({
  baseDelay: 1000,
  maxDelay: 5000,
  maxAttempts: 5,
  backoffMultiplier: 2,
  jitter: true,
  healthCheckInterval: 5000,
  pingTimeout: 3000,
});

export const RECONNECTION_RULES: Rules<ReconnectionOptions> = {
  baseDelay: check.integer(0, check.DELAY_MAX_MS, 'milliseconds'),
  maxDelay: check.integer(0, check.DELAY_MAX_MS, 'milliseconds'),
  maxAttempts: check.attempts(),
  backoffMultiplier: check.number(1, 10),
  jitter: check.flag,
  healthCheckInterval: check.integer(100, 3_600_000, 'milliseconds'),
  pingTimeout: check.integer(50, 600_000, 'milliseconds'),
};

/**
 * Checks the options and fills them in.
 *
 * @throws ConfigError names the option that cannot be used, its value, and what is accepted.
 */
export function reconnectionSettings(options: ReconnectionOptions): ReconnectionSettings {
  check.checkOptions(OWNER, options, RECONNECTION_RULES);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: ReconnectionSettings = Object.freeze({ ...RECONNECTION_DEFAULTS, ...given });
  if (settings.maxDelay < settings.baseDelay) {
    const accepted = `\`baseDelay\` (${settings.baseDelay}) to ${check.DELAY_MAX_MS} (milliseconds)`;
    throw check.optionError(OWNER, 'maxDelay', settings.maxDelay, accepted);
  }
  return settings;
}

/** Says them in the engine's words. */
export function engineSettings(settings: ReconnectionSettings): Partial<Settings> {
  return {
    backoffMinMs: settings.baseDelay,
    backoffMaxMs: settings.maxDelay,
    attemptsMax: settings.maxAttempts === Number.POSITIVE_INFINITY ? false : settings.maxAttempts,
    backoffMultiplier: settings.backoffMultiplier,
    jitter: settings.jitter ? 'equal' : 'none',
    heartbeatIntervalMs: settings.healthCheckInterval,
    heartbeatTimeoutMs: settings.pingTimeout,
  };
}

const OWNER = 'ReconnectionManager';
