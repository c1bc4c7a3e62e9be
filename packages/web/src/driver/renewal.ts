/** Fresh credentials for a connection that stands, ahead of the end of the old ones. */

/** When to ask for them; times are on the driver's clock. */
export class Renewal {
  /** When fresh ones are asked for. */
  at: number | undefined;
  /** When an answer that does not come is given up. */
  private giveUpAt: number | undefined;
  private failures = 0;
  private asked = 0;

  /** Credentials were shown that last for so long; `undefined` leaves what was known. */
  lasts(now: number, lastsMs: number | undefined): void {
    this.failures = 0;
    this.giveUpAt = undefined;
    if (lastsMs === undefined) return;
    this.at = now + Math.min(Math.max(lastsMs * 0.8, RENEW_AFTER_MIN_MS), RENEW_AFTER_MAX_MS);
  }

  /** Notes that the application was asked; returns the number of the question. */
  asks(now: number): number {
    this.at = undefined;
    this.giveUpAt = now + ASK_MAX_MS;
    this.asked += 1;
    return this.asked;
  }

  /** Whether the answer to this question is still waited for. */
  isAsking(question: number): boolean {
    return this.giveUpAt !== undefined && question === this.asked;
  }

  /** The application had none: asks again later, and ever later. */
  failed(now: number): void {
    this.giveUpAt = undefined;
    this.at = now + Math.min(RETRY_MIN_MS * 2 ** Math.min(this.failures, 4), RETRY_MAX_MS);
    this.failures += 1;
  }

  isDue(now: number): boolean {
    return this.at !== undefined && this.at <= now;
  }

  /** Whether the application takes too long. */
  isOverdue(now: number): boolean {
    return this.giveUpAt !== undefined && this.giveUpAt <= now;
  }

  get deadline(): number | undefined {
    return this.at ?? this.giveUpAt;
  }
}

/** Returns when a JWT ends, in milliseconds since 1970 (RFC 7519, section 4.1.4); verifying it is the server's part. */
export function jwtEnd(token: string): number | undefined {
  try {
    const claims = (token.split('.')[1] as string).replace(/-/g, '+').replace(/_/g, '/');
    const { exp } = JSON.parse(atob(claims)) as { exp: unknown };
    return typeof exp === 'number' && exp >= 0 && exp < Number.MAX_SAFE_INTEGER / 1000
      ? exp * 1000
      : undefined;
  } catch {
    return undefined;
  }
}

/** Credentials are not renewed more often, however short they last. */
const RENEW_AFTER_MIN_MS = 1000;

/** Longest wait: beyond it nobody can tell what clocks do. */
const RENEW_AFTER_MAX_MS = 30 * 86_400_000;

/** First pause after a source of credentials failed; it doubles. */
const RETRY_MIN_MS = 2000;

/** Longest pause after a source of credentials failed. */
const RETRY_MAX_MS = 30_000;

/** Longest time that a source of credentials is given. */
const ASK_MAX_MS = 20_000;
