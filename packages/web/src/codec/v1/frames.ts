/** The frames of `everlink.v1` with long names; docs/reference/protocol-frames.md says what each field means. */

import type { Payload } from '../../api.js';
import type { AwayReason, Cursor, GapCause, Kept } from '../../engine/types.js';

/** What a client says. A text payload is the JSON text that goes out as it is. */
export type Request =
  | Hello
  | {
      readonly type: 'publish';
      readonly channel: string;
      readonly producer?: string | undefined;
      readonly sequence: number;
      readonly before?: number | undefined;
      readonly payload: string | Uint8Array;
    }
  | { readonly type: 'subscribe'; readonly channels: readonly Place[] }
  | { readonly type: 'unsubscribe'; readonly request: number; readonly channels: readonly string[] }
  | {
      readonly type: 'volatile';
      readonly channel: string;
      readonly key: string;
      readonly payload: string | Uint8Array;
    }
  | {
      readonly type: 'read';
      readonly request: number;
      readonly channel: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly type: 'auth'; readonly token: string }
  | { readonly type: 'ping' | 'pong'; readonly nonce: number }
  | { readonly type: 'bye' };

export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly client: string;
  readonly producer: string;
  readonly token?: string | undefined;
  readonly channels: readonly Place[];
  readonly frameMax?: number | undefined;
  readonly last?: { readonly code: number; readonly upMs: number; readonly attempts: number } | undefined;
}

/** A channel, and where to go on in it; nowhere is from now on. */
export interface Place {
  readonly channel: string;
  readonly from?: Cursor | undefined;
}

/** A message of a log. */
export interface Stored {
  readonly offset: number;
  readonly epoch?: number;
  readonly producer: string;
  readonly sequence: number;
  readonly id?: string;
  readonly user?: string;
  readonly at: number;
  readonly payload: Payload;
}

export interface Welcome {
  readonly type: 'welcome';
  readonly node: string;
  readonly heartbeatMs: readonly [number, number];
  readonly frameMax: number;
  readonly rate?: number;
  readonly originTtlMs: number;
  readonly returnWindowMs?: number;
  readonly backoffMaxMs?: number;
  readonly kept: Kept;
  readonly suffix?: string;
}

/** What a server says. */
export type Reply =
  | Welcome
  | {
      readonly type: 'ack';
      readonly channel: string;
      readonly producer?: string;
      readonly sequence: number;
      readonly offset: number;
    }
  | {
      readonly type: 'nack';
      readonly channel: string;
      readonly producer?: string;
      readonly sequence: number;
      readonly code: number;
      readonly why: string;
    }
  | ({ readonly type: 'message'; readonly channel: string } & Stored)
  | {
      readonly type: 'subscribeOk';
      readonly channel: string;
      readonly epoch: number;
      readonly head: number;
      readonly replay: number;
    }
  | { readonly type: 'subscribeErr'; readonly channel: string; readonly code: number; readonly why: string }
  | { readonly type: 'unsubscribeOk'; readonly request: number }
  | {
      readonly type: 'gap';
      readonly channel: string;
      readonly from: number;
      readonly to: number;
      readonly cause: GapCause;
      readonly epoch?: number;
    }
  | {
      readonly type: 'volatile';
      readonly channel: string;
      readonly key: string;
      readonly user?: string;
      readonly payload: Payload;
    }
  | {
      readonly type: 'retained';
      readonly channel: string;
      readonly key: string;
      readonly version: number;
      readonly payload: Payload;
    }
  | {
      readonly type: 'page';
      readonly request: number;
      readonly channel: string;
      readonly epoch: number;
      readonly first: number;
      readonly head: number;
      readonly messages: readonly Stored[];
    }
  | { readonly type: 'readErr'; readonly request: number; readonly code: number; readonly why: string }
  | { readonly type: 'authOk'; readonly expiresMs?: number }
  | { readonly type: 'ping'; readonly nonce: number }
  | { readonly type: 'pong'; readonly nonce: number; readonly windowMs?: number }
  | { readonly type: 'away'; readonly reason: AwayReason; readonly slotMs: number; readonly url?: string }
  | {
      readonly type: 'err';
      readonly code: number;
      readonly fatal: boolean;
      readonly retryMs?: number;
      readonly why: string;
    }
  | { readonly type: 'bye' };

/** The subprotocol. */
export const SUBPROTOCOL = 'everlink.v1.json';

/** Longest greeting, in bytes. */
export const HELLO_BYTES_MAX = 8192;

/** Most channels in one frame. */
export const BATCH_MAX = 256;

/** Longest name of a channel, in bytes. */
export const CHANNEL_BYTES_MAX = 512;

/** Longest other name, in bytes. */
export const NAME_BYTES_MAX = 256;

/** Longest token, in bytes. */
export const TOKEN_BYTES_MAX = 4096;

/** How deep lists and objects of a payload are nested at most. */
export const DEPTH_MAX = 64;
