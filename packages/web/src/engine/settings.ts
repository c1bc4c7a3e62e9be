/** How an engine behaves. */

/** A named set of defaults, one for each way of using a connection; every setting can be overridden. */
export type Profile = 'standard' | 'chatBot' | 'chatPage' | 'rooms' | 'messenger' | 'marketFeed';

/** What the peer can do, by name. */
export type DialectName = 'plain' | 'json' | 'chatText' | 'exchange' | 'everlink';

/** How a setting that can be absent is written when it is: no time, or no limit. */
export type Off = false | null;

/** How the delay grows from attempt to attempt. */
export type BackoffKind = 'none' | 'fixed' | 'exponential';

/** How a delay is spread. */
export type Jitter = 'none' | 'factor' | 'scaled' | 'full' | 'equal' | 'decorrelated';

/** How a heartbeat is sent. */
export type Heartbeat = 'auto' | 'protocol' | 'application' | 'none';

/** What becomes of a message when the outbox is full. */
export type Overflow = 'wait' | 'fail' | 'dropOldest';

/** Every setting. The defaults named are those of `standard`; times are in milliseconds. */
export interface Settings {
  /** How the delay grows from attempt to attempt. Default: `exponential`. */
  readonly backoff: BackoffKind;
  /** Delay before the second attempt, from which the others grow. Default: 1 s. Range: 0 to 15 min. */
  readonly backoffMinMs: number;
  /**
   * Longest delay between attempts, before jitter. Default: 30 s. Range: `backoffMinMs` to 15 min. Why:
   * long enough to spare a restarting server, short enough that nobody reloads by hand.
   */
  readonly backoffMaxMs: number;
  /** Factor from one delay to the next. Default: 2. Range: 1 to 10. */
  readonly backoffMultiplier: number;
  /**
   * Least delay under `full` jitter, so that no client comes back at once for ever. Default: 500 ms.
   * Range: 0 to 1 min.
   */
  readonly backoffFloorMs: number;
  /** Whether delays grow while few attempts succeed (up to twice as long). Default: true. */
  readonly backoffAdaptive: boolean;
  /** How delays are spread. Default: `full`. */
  readonly jitter: Jitter;
  /** How far `factor` jitter goes either way. Default: 0.25. Range: 0 to 1. */
  readonly jitterFactor: number;
  /**
   * The first attempt after a loss waits a random time up to this, unless the server named a window.
   * Default: 2 s; off: it waits like the second. Range: 0 to 10 min, or off.
   */
  readonly returnWindowMs: number | Off;
  /**
   * Attempts in a row before giving up. Default: none. Range: 1 to 1000000, or none. Why none: "N tries,
   * then stop" strands most users of an outage of five minutes.
   */
  readonly attemptsMax: number | Off;
  /** Whether a lost connection is dialed again at all. Default: true. */
  readonly reconnect: boolean;
  /**
   * How long a connection must stand, and answer one heartbeat, before the attempts count anew. Default:
   * 30 s. Range: 0 to 1 h.
   */
  readonly stableAfterMs: number;
  /**
   * Most dials in one minute. Default: 20. Range: 1 to 1000, or none. What the application asks for
   * (`connect`, `reconnect`) is dialed at once and counts; everything else waits for its turn.
   */
  readonly dialsPerMinute: number | Off;
  /**
   * First delay of the slow ladder, for failures that need somebody to act. Default: 30 s. Range: 1 s to
   * 1 h.
   */
  readonly slowMinMs: number;
  /** Longest delay of the slow ladder. Default: 10 min. Range: `slowMinMs` to 24 h. */
  readonly slowMaxMs: number;
  /** Whether refused credentials are retried slowly instead of being final. Default: false. */
  readonly unauthorizedRetries: boolean;
  /**
   * Longest time for one attempt, from name look-up to the end of the upgrade. Default: 20 s. Range: 1 s
   * to 5 min. Why: 5 s turns a long accept queue into collapse.
   */
  readonly connectTimeoutMs: number;
  /** Longest wait for the greeting of a dialect that has one. Default: 5 s. Range: 100 ms to 5 min. */
  readonly greetingTimeoutMs: number;
  /** How heartbeats are sent. Default: `auto`. */
  readonly heartbeat: Heartbeat;
  /** Time from one heartbeat to the next. Default: 20 s. Range: 100 ms to 1 h. */
  readonly heartbeatIntervalMs: number;
  /** Longest wait for any sign of life after a heartbeat. Default: 10 s. Range: 50 ms to 10 min. */
  readonly heartbeatTimeoutMs: number;
  /**
   * The same wait when something looks wrong (network change, wake-up). Default: 2 s. Range: 50 ms to 1
   * min.
   */
  readonly probeTimeoutMs: number;
  /** Whether suspicion dials a second transport at once, beside the probe. Default: true. */
  readonly probeDials: boolean;
  /**
   * Reconnects when heartbeats are answered but no data came for this long. Default: off. Range: 1 s to
   * 24 h, or off.
   */
  readonly staleAfterMs: number | Off;
  /** Longest stall of a write. Default: 10 s. Range: 100 ms to 10 min. */
  readonly writeTimeoutMs: number;
  /** Longest wait for the peer's half of the closing hand-shake. Default: 1 s. Range: 0 to 1 min. */
  readonly closeTimeoutMs: number;
  /** Below this round-trip time the quality is excellent. Default: 50 ms. Range: 1 ms to 1 min. */
  readonly qualityExcellentMs: number;
  /** Below this it is good. Default: 100 ms. Range: `qualityExcellentMs` to 1 min. */
  readonly qualityGoodMs: number;
  /** Below this it is poor, from it on unusable. Default: 200 ms. Range: `qualityGoodMs` to 1 min. */
  readonly qualityPoorMs: number;
  /** Failures in a row after which the circuit breaker opens. Default: none. Range: 1 to 1000, or none. */
  readonly breakerFailures: number | Off;
  /** Time between the probes of an open circuit breaker. Default: 1 min. Range: 1 s to 1 h. */
  readonly breakerPauseMs: number;
  /** Whether messages sent while down wait in the outbox. Default: true. If false, a send fails. */
  readonly queue: boolean;
  /** Most messages in the outbox. Default: 1024. Range: 1 to 10000000. */
  readonly queueMessagesMax: number;
  /** Most bytes of messages in the outbox. Default: 8388608. Range: 1024 to 4294967295. */
  readonly queueBytesMax: number;
  /** What becomes of a message when the outbox is full. Default: `wait`. */
  readonly overflow: Overflow;
  /** Largest message that may be sent, in bytes. Default: 16777216. Range: 1 to 4294967295. */
  readonly messageBytesMax: number;
  /**
   * Age at which a connection is replaced while it still works (its successor opens first). Default:
   * off. Range: 1 s to 30 days, or off.
   */
  readonly renewAfterMs: number | Off;
  /**
   * Longest time for which old and new transport overlap at a planned move. Default: 5 s. Range: 0 to 1
   * min.
   */
  readonly overlapMs: number;
  /**
   * How often the second level looks for silence and surrender; 0 acts at once. Default: 0 s. Range: 0
   * to 1 h.
   */
  readonly checkIntervalMs: number;
  /** How often the second level starts anew after the first gave up. Default: 0. Range: 0 to 1000000. */
  readonly supervisorAttemptsMax: number;
}
