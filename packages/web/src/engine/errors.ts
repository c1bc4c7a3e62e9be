/** What can go wrong when the engine is called. */

/** Why an input was refused. */
export type EngineErrorCode =
  | 'queueFull'
  | 'messageTooBig'
  | 'notConnected'
  | 'closed'
  | 'messageIdReused'
  | 'channelMissing'
  | 'keyMissing'
  | 'badOrigin'
  | 'tooManyProducers'
  | 'noHistory'
  | 'tooManyReads'
  | 'noSubscriptions'
  | 'tooManyChannels';

/** The numbers, words and yes or no that belong to an error, by name. */
export type ErrorFields = Readonly<Record<string, number | string | boolean>>;

/** An input that could not be taken; it changed nothing. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    /** Which error, as the Rust `InputError` calls it. */
    readonly code: EngineErrorCode,
    /** What belongs to it: `queueFull` has `queuedMessages`, `queueMessagesMax`, `waits` and so on. */
    readonly fields: ErrorFields,
    message: string,
  ) {
    super(message);
  }
}

/** Options that cannot be used: the message names the option, the value and what is accepted. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    /** The option or setting. */
    readonly key: string,
    message: string,
  ) {
    super(message);
  }
}

/** The engine broke, or was called after `free`. It does nothing any more; make another one. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';
}
