/** Why a transport failed, and what to do about it. */

/** The causes that carry no number. */
export type PlainCause =
  | 'nameNotFound'
  | 'nameLookupFailed'
  | 'nameLookupTimedOut'
  | 'refused'
  | 'unreachable'
  | 'connectTimedOut'
  | 'reset'
  | 'proxyUnreachable'
  | 'tlsTimedOut'
  | 'tlsFailed'
  | 'certificateInvalid'
  | 'certificateExpired'
  | 'upgradeTimedOut'
  | 'upgradeMalformed'
  | 'captivePortal'
  | 'acceptMismatch'
  | 'subprotocolMismatch'
  | 'extensionMismatch'
  | 'dialTimedOut'
  | 'greetingTimedOut'
  | 'credentialsUnavailable'
  | 'heartbeatTimedOut'
  | 'stale'
  | 'writeTimedOut'
  | 'endedAbruptly'
  | 'peerProtocolError'
  | 'peerDataInvalid'
  | 'peerMessageTooBig'
  | 'local'
  | 'forcedByUser'
  | 'forcedBySupervisor'
  | 'replaced';

/** The causes that carry an HTTP status, a proxy's reply or a close code. */
export type NumberedCause = 'proxyRefused' | 'httpStatus' | 'redirected' | 'closed';

/**
 * Why an attempt failed or an open transport was lost.
 *
 * `code` is the HTTP status of `httpStatus` and `redirected`, the status or SOCKS5 reply of
 * `proxyRefused`, and the close code of `closed` (RFC 6455, section 7.4; 1005 when there was none).
 * A browser sees only some of them: a socket that never opened, and one that ended, is told by close code at best.
 */
export type Cause = { readonly type: PlainCause } | { readonly type: NumberedCause; readonly code: number };

/** A failed attempt or a lost transport. */
export interface Failure {
  /** Why. */
  readonly cause: Cause;
  /** How long the server asked us to stay away, before clamping. */
  readonly retryAfterMs?: number | undefined;
}

/** What to do after a failure; the Rust documentation of `Verdict` says what each means. */
export type Verdict =
  | 'retry'
  | 'retrySlowly'
  | 'retrySlowlyOnceProven'
  | 'refreshCredentials'
  | 'retryThrice'
  | 'giveUp';

/** The families of causes by which metrics and users tell failures apart. */
export type FailureClass =
  | 'dns'
  | 'network'
  | 'proxy'
  | 'tls'
  | 'http'
  | 'unauthorized'
  | 'endpointRejected'
  | 'captivePortal'
  | 'silence'
  | 'closed'
  | 'protocol'
  | 'local'
  | 'forced';

/** The causes that a row of the table of verdicts covers. */
export type Causes =
  /** Exactly this cause, number included. */
  | { readonly type: 'one'; readonly cause: Cause }
  /** Numbers from the first to the last, both included. */
  | {
      readonly type: 'httpStatuses' | 'closeCodes' | 'proxyRefusals';
      readonly first: number;
      readonly last: number;
    }
  /** A redirect, whatever its status. */
  | { readonly type: 'redirects' };
