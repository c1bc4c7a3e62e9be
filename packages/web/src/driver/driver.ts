/** One engine, its sockets and its one timer: reports, carries out, decides nothing. */

import type { Platform, PlatformSignal } from '../api.js';
import { FrameError } from '../codec/error.js';
import { type Engine, EngineError } from '../engine/index.js';
import type { Dial, Event, Failure, HangUp, Input, News, PlainCause, Received } from '../engine/types.js';
import { Alarm } from './alarm.js';
import { Clock } from './clock.js';
import { askToken, type CredentialsSource, question, type Token } from './dialing.js';
import { followed } from './elsewhere.js';
import { Renewal } from './renewal.js';
import { type RenewingHost, renew } from './renewing.js';
import type { Body, Speech } from './speech.js';
import { Transport } from './transport.js';

export interface DriverOptions {
  readonly engine: Engine<Body>;
  readonly speech: Speech;
  readonly platform: Platform;
  /** At least one. */
  readonly urls: readonly string[];
  readonly credentials: CredentialsSource | undefined;
}

/** What the driver tells. Only {@link turned} may run code of the application. */
export interface DriverHost {
  event(event: Event<Body>, detail: string | undefined): void;
  /** A message is with a socket. */
  sent(id: number): void;
  /** Something is wrong that ends nothing by itself. */
  trouble(error: unknown, where: string): void;
  /** A turn is over: everything is carried out, and inputs are welcome. */
  turned(): void;
  /** The engine broke. Nothing will come any more. */
  broke(error: unknown): void;
}

export class Driver {
  readonly clock: Clock;
  private readonly transports = new Map<number, Transport>();
  /** Inputs that came while outputs were carried out. */
  private readonly waiting: Input<Body>[] = [];
  /** Outputs are being carried out: nothing of the application may run. */
  isCarrying = false;
  private isDead = false;
  /** What is known of the failure that is reported just now. */
  private detail: string | undefined;
  private readonly alarm: Alarm;
  private readonly renewing: RenewingHost | undefined;
  private pollAt = Infinity;
  private pollDelay = POLL_MIN_MS;
  private lookAt = 0;
  private stopSignals: (() => void) | undefined;
  /** Where the server wants us to go, beyond the URLs of the options. */
  private elsewhere: string | undefined;

  constructor(
    private readonly options: DriverOptions,
    private readonly host: DriverHost,
  ) {
    this.clock = new Clock(options.platform);
    this.alarm = new Alarm(options.platform, this.clock, () => this.tick());
    this.renewing = this.renewingHost();
  }

  /** Whether it holds neither a socket nor a timer nor a listener. */
  get isIdle(): boolean {
    return this.transports.size === 0 && this.stopSignals === undefined;
  }

  /** The subprotocol of the newest open transport. */
  get protocol(): string {
    let protocol = '';
    for (const transport of this.transports.values()) if (transport.isOpen) protocol = transport.protocol;
    return protocol;
  }

  /** Reports an input, and carries out what follows. Throws what the engine refuses. */
  input(input: Input<Body>): void {
    if (this.isDead) return;
    if (this.isCarrying) {
      this.waiting.push(input);
      return;
    }
    let refused: unknown;
    try {
      refused = this.turn(input);
      for (let next = this.next(); next !== undefined; next = this.next()) this.turn(next);
    } catch (error) {
      this.die(error);
      return;
    }
    this.settle();
    this.host.turned();
    if (refused !== undefined) throw refused;
  }

  /** Leaves everything at once. */
  free(): void {
    this.isDead = true;
    this.release();
    this.options.engine.free();
  }

  // -------------------------------------------------------------------------------------------------------------
  // A turn

  /** Returns what the engine refused the input with. */
  private turn(input: Input<Body>): unknown {
    const { engine } = this.options;
    this.isCarrying = true;
    try {
      let refused: unknown;
      try {
        engine.handleInput(this.clock.now(), input);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        refused = error;
      }
      for (let output = engine.pollOutput(); output !== undefined; output = engine.pollOutput()) {
        if (output.type === 'event') {
          this.host.event(output.event, this.detail);
        } else if (output.type === 'transmit') {
          this.transmit(output.transport, output.frame);
        } else if (output.type === 'dial') {
          this.dial(output);
        } else {
          this.hangUp(output.transport, output.how);
        }
      }
      return refused;
    } finally {
      this.isCarrying = false;
      this.detail = undefined;
    }
  }

  /** Returns the next input that waits, or that frames went to the system. */
  private next(): Input<Body> | undefined {
    const waits = this.waiting.shift();
    if (waits !== undefined) return waits;
    for (const transport of this.transports.values()) {
      const frames = transport.takeWritten();
      if (frames === undefined) continue;
      this.pollDelay = POLL_MIN_MS;
      return { type: 'transport', transport: transport.id, news: { type: 'written', frames } };
    }
    return undefined;
  }

  /** Sets the timer, or gives everything back when nothing is wanted. */
  private settle(): void {
    if (this.isDead) return;
    if (this.options.engine.state() === 'closed') {
      if (this.transports.size === 0) {
        this.release();
        return;
      }
    } else if (this.stopSignals === undefined) {
      this.stopSignals = this.options.platform.onSignal((signal) => this.signalled(signal));
      this.clock.slept();
    }
    this.arm();
  }

  private release(): void {
    this.stopSignals?.();
    this.stopSignals = undefined;
    this.alarm.cancel();
    for (const transport of this.transports.values()) transport.leave();
    this.transports.clear();
  }

  private die(error: unknown): void {
    this.isDead = true;
    this.release();
    this.host.broke(error);
  }

  // -------------------------------------------------------------------------------------------------------------
  // Time

  private arm(): void {
    const now = this.clock.now();
    let isWriting = false;
    let at = this.options.engine.pollTimeout()?.at ?? Infinity;
    for (const { isWriting: writes, renewal } of this.transports.values()) {
      isWriting ||= writes;
      at = Math.min(at, renewal?.deadline ?? Infinity);
    }
    if (!isWriting) {
      this.pollAt = Infinity;
      this.pollDelay = POLL_MIN_MS;
    } else if (this.pollAt === Infinity) {
      this.pollAt = now + this.pollDelay;
    }
    if (this.lookAt <= now) this.lookAt = now + LOOK_MS;
    at = Math.min(at, this.pollAt, this.lookAt);
    this.alarm.set(at);
  }

  /** Looks at the clocks and at the sockets. */
  private tick(): void {
    if (this.isDead) return;
    const now = this.clock.now();
    if (this.clock.slept()) this.input({ type: 'woke' });
    if (this.pollAt <= now) {
      this.pollAt = Infinity;
      this.pollDelay = Math.min(this.pollDelay * 2, POLL_MAX_MS);
    }
    if (this.renewing !== undefined) {
      for (const transport of this.transports.values()) renew(transport, this.renewing);
    }
    const written = this.next();
    if (written !== undefined) this.input(written);
    const deadline = this.options.engine.pollTimeout()?.at ?? Infinity;
    if (!this.isDead && deadline <= this.clock.now()) this.input({ type: 'timeout' });
    else if (!this.isDead) this.settle();
  }

  private signalled(signal: PlatformSignal): void {
    switch (signal) {
      case 'online':
      case 'offline':
        this.input({ type: signal });
        break;
      case 'networkchange':
        this.input({ type: 'networkChanged' });
        break;
      case 'resumed':
      case 'pageshow':
        this.clock.slept();
        this.input({ type: 'woke' });
        break;
      case 'pagehide':
        this.leaveAll();
        break;
      case 'visible':
        this.tick();
        break;
      case 'frozen':
      case 'hidden':
        break;
    }
  }

  /** The page goes to the back/forward cache, where no socket may be open; it comes back with `pageshow`. */
  private leaveAll(): void {
    for (const transport of [...this.transports.values()]) {
      this.drop(transport, 1001);
      this.gone(transport, { cause: { type: 'closed', code: 1001 } });
    }
  }

  // -------------------------------------------------------------------------------------------------------------
  // Transports

  private dial(dial: Dial): void {
    const transport = new Transport(dial.transport, dial.endpoint);
    this.transports.set(transport.id, transport);
    const { credentials } = this.options;
    if (credentials === undefined) {
      this.open(transport, undefined);
      return;
    }
    const request = question(dial, this.url(transport), transport.signal);
    askToken(credentials, request, this.options.platform).then(
      (token) => {
        if (!transport.isLeft) this.open(transport, token);
      },
      (error: unknown) => {
        if (transport.isLeft) return;
        this.host.trouble(error, 'credentials');
        this.fail(transport, 'credentialsUnavailable', 'no credentials');
      },
    );
  }

  private open(transport: Transport, token: Token | undefined): void {
    const { speech, platform } = this.options;
    transport.talk.token = token?.text;
    if (this.renewing !== undefined) {
      transport.renewal = new Renewal();
      transport.renewal.lasts(this.clock.now(), token?.lastsMs);
    }
    const bearer = token === undefined || speech.greets ? [] : ['bearer', token.text];
    try {
      const socket = platform.openSocket(this.url(transport), [...speech.protocols, ...bearer]);
      transport.attach(socket, {
        onOpen: () => this.opened(transport),
        onMessage: (data) => this.heard(transport, data),
        onClose: (code, reason) => this.closed(transport, code, reason),
        // The end follows, and says more; some versions of Node forget it where the attempt failed.
        onError: () => {
          if (!transport.isOpen) platform.setTimer(this.clock.now(), () => this.closed(transport, 1006, ''));
        },
      });
    } catch (error) {
      this.host.trouble(error, 'socket');
      this.fail(transport, 'local', String(error));
    }
  }

  private opened(transport: Transport): void {
    const { isStrict, protocols } = this.options.speech;
    if (isStrict && !protocols.includes(transport.protocol)) {
      this.fail(
        transport,
        'subprotocolMismatch',
        `the server chose subprotocol ${JSON.stringify(transport.protocol)}`,
      );
      return;
    }
    transport.isOpen = true;
    this.report(transport, { type: 'opened' });
  }

  private heard(transport: Transport, data: unknown): void {
    const { speech } = this.options;
    let news: News<Body> = { type: 'heard', data: true };
    try {
      const heard = speech.hear(
        typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer),
        transport.talk,
      );
      if (heard.type === 'frame') {
        news = { type: 'frame', frame: this.withEndpoint(heard.frame) };
        for (const text of heard.frame.type === 'welcome' ? transport.talk.later.splice(0) : []) {
          transport.give(text, false);
        }
      } else if (heard.type === 'authenticated') {
        transport.renewal?.lasts(this.clock.now(), heard.lastsMs);
      } else if (heard.type === 'trouble') {
        this.host.trouble(new Error(`${heard.why} (${heard.code})`), 'server');
      }
    } catch (error) {
      this.broken(transport, error instanceof FrameError ? error : new FrameError('syntax', String(error)));
      return;
    }
    this.report(transport, news);
    speech.told();
  }

  /** Gives the place to which the server sends us the number under which it is dialed, if we go there. */
  private withEndpoint(frame: Received<Body>): Received<Body> {
    const { speech, urls } = this.options;
    if (frame.type !== 'away' || speech.sentTo === undefined) return frame;
    this.elsewhere = undefined;
    try {
      this.elsewhere = followed(speech.sentTo, urls);
    } catch (error) {
      this.host.trouble(error, 'away');
      return frame;
    }
    return { ...frame, endpoint: urls.length };
  }

  /** The server says what is no frame. */
  private broken(transport: Transport, error: FrameError): void {
    this.host.trouble(error, 'frame');
    const code = error.closeCode('server');
    this.drop(transport, code);
    const type =
      code === 1009 ? 'peerMessageTooBig' : code === 1002 ? 'peerProtocolError' : 'peerDataInvalid';
    this.gone(transport, { cause: { type } }, error.message);
  }

  private closed(transport: Transport, code: number, reason: string): void {
    if (transport.isLeft) return;
    this.drop(transport);
    const { retryAfterMs, trouble } = transport.talk;
    const detail = trouble ?? (reason || undefined);
    const isAbrupt = code === 1006 || !(code >= 1000 && code <= 4999);
    const type = transport.isOpen ? 'endedAbruptly' : 'unreachable';
    this.gone(transport, { cause: isAbrupt ? { type } : { type: 'closed', code }, retryAfterMs }, detail);
  }

  private fail(transport: Transport, type: PlainCause, detail: string): void {
    this.drop(transport);
    this.gone(transport, { cause: { type } }, detail);
  }

  private gone(transport: Transport, failure: Failure, detail?: string): void {
    if (!this.isCarrying) this.detail = detail;
    this.report(transport, { type: transport.isOpen ? 'lost' : 'failed', failure });
  }

  private report(transport: Transport, news: News<Body>): void {
    this.input({ type: 'transport', transport: transport.id, news });
  }

  private drop(transport: Transport, code?: number): void {
    transport.leave(code);
    this.transports.delete(transport.id);
  }

  private transmit(id: number, frame: Parameters<Speech['say']>[0]): void {
    const transport = this.transports.get(id);
    if (transport === undefined) return;
    transport.give(this.options.speech.say(frame, transport.talk), true);
    if (frame.type === 'publish' || frame.type === 'message' || frame.type === 'volatile')
      this.host.sent(frame.id);
  }

  private hangUp(id: number, how: HangUp): void {
    const transport = this.transports.get(id);
    if (transport === undefined) return;
    if (how.type === 'close' && transport.isOpen) transport.close(how.code);
    else this.drop(transport);
  }

  private url(transport: Transport): string {
    return this.options.urls[transport.endpoint] ?? this.elsewhere ?? (this.options.urls[0] as string);
  }

  private renewingHost(): RenewingHost | undefined {
    const { credentials, platform, speech } = this.options;
    if (credentials === undefined || !speech.greets) return undefined;
    return {
      platform,
      clock: this.clock,
      credentials,
      url: (transport) => this.url(transport),
      show: (transport, token) => {
        transport.talk.token = token.text;
        transport.give(speech.authenticate(token.text), false);
      },
      failed: (error) => {
        this.host.trouble(error, 'credentials');
        this.host.turned();
      },
      settle: () => this.settle(),
    };
  }
}

/** First look at whether a socket has given its bytes to the system; browsers tell nobody. The pause doubles. */
const POLL_MIN_MS = 1;
const POLL_MAX_MS = 128;

/** How often a connection looks whether the machine slept. */
const LOOK_MS = 5000;
