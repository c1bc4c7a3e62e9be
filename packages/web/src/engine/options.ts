/** Options, checked here by the engine's own table, so that an error names what a page wrote. */

import { ConfigError } from './errors.js';
import { SETTINGS, type SettingRow } from './generated/settings.js';
import type { EngineOptions } from './types.js';

/** Why the engine refuses a configuration. */
export type ConfigRefusal =
  | { readonly type: 'refused'; readonly key: string }
  | {
      readonly type: 'crossed';
      readonly lowKey: string;
      readonly lowMs: number;
      readonly highKey: string;
      readonly highMs: number;
    }
  | { readonly type: 'noEndpoint' };

/** Returns the options as the engine reads them. */
export function checkedOptions(options: EngineOptions): object {
  const { profile, dialect, endpoints = 1, credentials = false, seed, verdicts = [] } = options;
  if (verdicts.length > VERDICTS_MAX) {
    throw new ConfigError('verdicts', `\`verdicts\` has ${verdicts.length}; accepted: up to ${VERDICTS_MAX}`);
  }
  const settings = Object.entries(options.settings ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => chosen(name, value));
  return { profile, dialect, endpoints, credentials, seed, verdicts, settings };
}

/** Says a refusal of the engine in this language's names. */
export function configError(refusal: ConfigRefusal): ConfigError {
  switch (refusal.type) {
    case 'crossed': {
      const [low, high] = [ownName(refusal.lowKey), ownName(refusal.highKey)];
      return new ConfigError(
        low,
        `\`${low}\` is ${refusal.lowMs} and \`${high}\` is ${refusal.highMs}; ` +
          `accepted: \`${low}\` up to \`${high}\``,
      );
    }
    case 'noEndpoint':
      return new ConfigError('endpoints', '`endpoints` is 0; accepted: 1 to 65535');
    case 'refused':
      return new ConfigError(ownName(refusal.key), `\`${ownName(refusal.key)}\` is refused`);
  }
}

/** A setting as the engine reads it: its place, and its value as a number. */
function chosen(name: string, value: unknown): { index: number; value: number | undefined } {
  const index = SETTINGS.findIndex(([own]) => own === name);
  const row = SETTINGS[index];
  if (row === undefined) {
    throw new ConfigError(name, `\`${name}\` is not a setting`);
  }
  const number = asNumber(row, value);
  if (Number.isNaN(number)) {
    throw new ConfigError(name, `\`${name}\` is ${String(value)}; accepted: ${accepted(row)}`);
  }
  return { index, value: number };
}

/** Returns `NaN` for what is not accepted, and `undefined` for off. */
function asNumber([, kind, low, high, canBeOff]: SettingRow, value: unknown): number | undefined {
  if (typeof kind === 'object') {
    const at = kind.indexOf(value as string);
    return at < 0 ? Number.NaN : at;
  }
  if (kind === 'flag') {
    return typeof value === 'boolean' ? Number(value) : Number.NaN;
  }
  if (canBeOff && (value === false || value === null)) {
    return undefined;
  }
  const fits = typeof value === 'number' && value >= low && value <= high;
  return fits && (kind !== 'count' || Number.isInteger(value)) ? value : Number.NaN;
}

function accepted([, kind, low, high, canBeOff]: SettingRow): string {
  if (typeof kind === 'object') {
    return kind.join(', ');
  }
  if (kind === 'flag') {
    return 'true or false';
  }
  const off = canBeOff ? ', or false' : '';
  return `${low} to ${high}${kind === 'time' ? ' milliseconds' : ''}${off}`;
}

/** `backoff_min` is `backoffMin`, and a time has its unit. */
function ownName(key: string): string {
  const name = key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return SETTINGS.find(([own]) => own === name || own === `${name}Ms`)?.[0] ?? name;
}

/** Most rows that can go before the table of verdicts. */
const VERDICTS_MAX = 64;
