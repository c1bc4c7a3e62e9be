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
export type ErrorFields = Readonly<Record<string, number | string | boolean | undefined>>;

/** An input that could not be taken; it changed nothing. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    /** Which error, as the Rust `InputError` calls it. */
    readonly code: EngineErrorCode,
    /** What belongs to it: `queueFull` has `queuedMessages`, `queueMessagesMax`, `waits` and so on. */
    readonly fields: ErrorFields,
  ) {
    super(MESSAGES[code](fields));
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

/** What people read; the Rust errors say the same. */
const MESSAGES: Readonly<Record<EngineErrorCode, (fields: ErrorFields) => string>> = {
  queueFull: (is) =>
    `outbox is full: ${is.queuedMessages} of ${is.queueMessagesMax} messages and ${is.queuedBytes} of ` +
    `${is.queueBytesMax} bytes used, ${is.messageBytes} bytes more asked`,
  messageTooBig: (is) => `message has ${is.messageBytes} bytes; accepted: up to ${is.messageBytesMax}`,
  notConnected: () => 'not connected, and this is not queued',
  closed: () => 'closed: connect first',
  messageIdReused: (is) => `message number ${is.given} is not above ${is.last}`,
  channelMissing: (is) => `dialect \`${is.dialect}\` needs a channel for each message`,
  keyMissing: (is) => `dialect \`${is.dialect}\` needs the kind of value of each volatile message`,
  badOrigin: (is) =>
    `producer ${is.producer}, sequence ${is.sequence}, before ${is.before} is no origin that can be; ` +
    `accepted: a sequence above ${is.taken}, and a smaller one before it, which for producer 0 is not named`,
  tooManyProducers: (is) => `${is.producersMax} producers of earlier processes are in this channel already`,
  noHistory: (is) => `dialect \`${is.dialect}\` knows no history`,
  tooManyReads: (is) => `${is.readsMax} reads are open already, the most there can be`,
  noSubscriptions: (is) => `dialect \`${is.dialect}\` knows no subscriptions`,
  tooManyChannels: (is) => `${is.channelsMax} channels are in use already, the most there can be`,
};
