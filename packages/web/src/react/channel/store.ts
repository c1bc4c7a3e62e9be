/** A channel as a page shows it: its messages, and what is told beside them. */

import type {
  Channel,
  ChannelItem,
  ChannelMessage,
  Client,
  Payload,
  SendOptions,
  Start,
  Ticket,
} from '../../api.js';
import type { Readable } from '../selection.js';
import * as lists from './entries.js';
import { fieldsOf, text } from './payload.js';
import { OwnTyping, TYPING, Typists } from './typing.js';

export interface ChannelViewOptions {
  /** Where reading begins. Default: `now`, with {@link history} before it. */
  readonly from?: Start;
  /** Messages that were stored before and are loaded at first. Default: 50 with `from: 'now'`, else 0. Range: 0 to 256. */
  readonly history?: number;
  /** Most entries kept; the oldest leave first. Default: 500. Range: 1 to 10000. */
  readonly limit?: number;
  /** Who this user is, for servers that do not know: told with typing, and recognizes own messages of other pages. */
  readonly user?: string | undefined;
}

export interface Presence {
  readonly count: number;
  /** The first hundred known users. */
  readonly members: readonly string[];
}

/** Frozen, and replaced as a whole; its parts stay the same objects until they change. */
export interface ChannelView<T extends Payload = Payload> {
  /** In order, each once, with holes in their place; own ones that are not stored yet last. */
  readonly messages: readonly lists.Entry<T>[];
  /** Who types, this user left out; an empty name is somebody unknown. */
  readonly typing: readonly string[];
  readonly presence: Presence | undefined;
  /** Up to which offset each user has read. */
  readonly reads: Readonly<Record<string, number>>;
  /** The channel is read up to its end, and its history is loaded. */
  readonly isReady: boolean;
  /** There are older messages than the first one here. */
  readonly hasEarlier: boolean;
  readonly isLoading: boolean;
  /** The server does not let this client read the channel. */
  readonly refused: { readonly code: number; readonly why: string } | undefined;
}

export const EMPTY_VIEW: ChannelView<never> = Object.freeze({
  messages: [],
  typing: [],
  presence: undefined,
  reads: {},
  isReady: false,
  hasEarlier: false,
  isLoading: false,
  refused: undefined,
});

/** One channel of one client. Reads while it is open; keeps what it has when it is closed. */
export class ChannelStore<T extends Payload = Payload> implements Readable<ChannelView<T>> {
  readonly name: string;
  readonly #client: Client;
  readonly #options: ChannelViewOptions;
  readonly #listeners = new Set<() => void>();
  readonly #typists: Typists;
  readonly #ownTyping: OwnTyping;
  #view: ChannelView<T> = EMPTY_VIEW;
  #list: lists.EntryList<T>;
  #channel: Channel<T> | undefined;
  /** How far it was read when it was closed. */
  #cursor: Channel['cursor'];
  #stops: (() => void)[] = [];
  #epoch: number | undefined;
  #head: number | undefined;
  #first = 1;
  /** What of history could not be loaded, and will be. */
  #missed: readonly [before: number, count: number] | undefined;
  #readTold = 0;
  #sent = 0;

  constructor(client: Client, name: string, options: ChannelViewOptions = {}) {
    this.name = name;
    this.#client = client;
    this.#options = check(options);
    this.#list = lists.emptyList(options.limit ?? LIMIT);
    this.#typists = new Typists((typing) => this.#set({ typing }));
    this.#ownTyping = new OwnTyping((payload) => this.#channel?.volatile(TYPING, payload) ?? false);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  getSnapshot(): ChannelView<T> {
    return this.#view;
  }

  /** Begins to read; behind what was read before, if it was open. */
  open(): void {
    if (this.#channel !== undefined) return;
    const from = this.#cursor ?? this.#options.from ?? 'now';
    const channel = this.#client.channel<T>(this.name, { from });
    this.#channel = channel;
    const connection = () => {
      const { isConnected } = this.#client.getSnapshot();
      if (!isConnected) this.#typists.clear();
      else if (this.#missed !== undefined) void this.#load(...this.#missed);
    };
    this.#stops = [channel.onItem((item) => this.#take(item)), this.#client.subscribe(connection)];
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#cursor = this.#channel?.cursor ?? this.#cursor;
    this.#channel?.close();
    this.#channel = undefined;
    this.#typists.clear();
  }

  /** Publishes a message, and shows it at once. */
  send(payload: T, options?: SendOptions): Ticket {
    const ticket =
      this.#channel?.publish(payload, options) ?? this.#client.publish(this.name, payload, options);
    this.#sent += 1;
    const key = `own:${this.#sent}`;
    this.#show(lists.withOwn(this.#list, key, payload, Date.now()));
    this.#show(lists.withStep(this.#list, key, ticket.status));
    const stop = ticket.onChange(({ status }) => this.#show(lists.withStep(this.#list, key, status)));
    void ticket.settled.then((outcome) => {
      stop();
      this.#show(lists.withOutcome(this.#list, key, outcome, this.#epoch ?? this.#channel?.cursor?.epoch));
    });
    this.setTyping(false);
    return ticket;
  }

  /** Sends a message that failed once more, at the end; anything else is left alone. */
  retry(key: string): Ticket | undefined {
    const entry = this.#list.entries.find((entry) => entry.key === key);
    if (entry?.type !== 'message' || entry.status !== 'failed') return undefined;
    this.#show(lists.without(this.#list, key));
    return this.send(entry.payload);
  }

  /** Takes a message that failed out of the list. */
  discard(key: string): void {
    const entry = this.#list.entries.find((entry) => entry.key === key);
    if (entry?.type === 'message' && entry.status === 'failed') this.#show(lists.without(this.#list, key));
  }

  /** Tells others that this user types, or has stopped; call it at each key. */
  setTyping(typing: boolean): void {
    this.#ownTyping.set(typing, this.#options.user);
  }

  /** Tells that all that is here was read. */
  markRead(): void {
    const offset = lists.lastOffset(this.#list.entries);
    if (offset === undefined || offset <= this.#readTold) return;
    const { user } = this.#options;
    const said = { sequence_number: offset, ...(user !== undefined && { user_id: user }) };
    if (this.#channel?.volatile(READ, said) === true) this.#readTold = offset;
  }

  /** Loads a page of messages that are older than the first one. */
  async loadEarlier(): Promise<void> {
    const before = lists.firstStored(this.#list)?.offset ?? (this.#head ?? 0) + 1;
    const isFull = this.#list.entries.length >= this.#list.limit;
    if (!this.#view.isLoading && before > this.#first && !isFull) await this.#load(before, PAGE);
  }

  #take(item: ChannelItem<T>): void {
    if (item.type === 'message') this.#came(item);
    else if (item.type === 'gap') this.#show(lists.withGap(this.#list, item));
    else if (item.type === 'volatile') this.#heard(item.key, item.user, item.payload);
    else if (item.type === 'retained') this.#kept(item.key, item.payload);
    else if (item.type === 'caughtUp') this.#caughtUp(item.head);
    else this.#set({ refused: { code: item.code, why: item.why }, isLoading: false });
  }

  #came(message: ChannelMessage<T>): void {
    this.#epoch = message.epoch;
    this.#typists.stopped(senderOf(message.user, message.payload));
    this.#show(lists.withMessage(this.#list, this.#claimed(message)));
  }

  #heard(key: string, user: string | undefined, payload: Payload): void {
    const who = user ?? text(fieldsOf(payload).user_id);
    if (who !== undefined && who === this.#options.user) return;
    if (key === TYPING) this.#typists.heard(user, payload);
    else if (key === READ && who !== undefined) this.#read(who, payload);
  }

  #kept(key: string, payload: Payload): void {
    if (key === PRESENCE) this.#set({ presence: presenceOf(payload) });
    else if (key.startsWith(READ_OF)) this.#read(key.slice(READ_OF.length), payload);
  }

  #read(user: string, payload: Payload): void {
    const offset = fieldsOf(payload).sequence_number;
    const { reads } = this.#view;
    const known = Object.hasOwn(reads, user) ? reads[user] : undefined;
    const isNews = typeof offset === 'number' && offset > (known ?? 0) && user !== this.#options.user;
    const hasRoom = known !== undefined || Object.keys(reads).length < READERS_MAX;
    if (isNews && hasRoom) this.#set({ reads: { ...reads, [user]: offset } });
  }

  #caughtUp(head: number): void {
    const isFirst = this.#head === undefined;
    this.#head ??= head;
    const { from = 'now', history = from === 'now' ? HISTORY : 0 } = this.#options;
    if (isFirst && history > 0 && head > 0) void this.#load(head + 1, history);
    else this.#set({ isReady: !this.#view.isLoading });
  }

  /**
   * Loads what is before an offset. What fails at first is asked for again when the connection stands (a channel may have
   * caught up before the others have), or when the channel has caught up next.
   */
  async #load(before: number, count: number): Promise<void> {
    this.#missed = undefined;
    this.#set({ isLoading: true });
    try {
      const after = Math.max(this.#first, before - count) - 1;
      const page = await this.#client.history<T>(this.name, {
        after,
        limit: Math.min(count, before - 1 - after),
      });
      this.#epoch ??= page.epoch;
      this.#first = page.first;
      if (page.epoch === this.#epoch) {
        const older = page.messages.filter((message) => message.offset < before);
        this.#show(
          lists.withHistory(
            this.#list,
            older.map((message) => this.#claimed(message)),
          ),
        );
      }
    } catch {
      if (!this.#view.isReady) {
        this.#head = undefined;
        this.#missed = [before, count];
      }
    }
    const isReady = this.#view.isReady || this.#head !== undefined;
    const first = lists.firstStored(this.#list)?.offset ?? before;
    this.#set({ isLoading: false, isReady, hasEarlier: first > this.#first });
  }

  /** Own is also what the same user sent from elsewhere. */
  #claimed<M extends { own: boolean; user: string | undefined; payload: T }>(message: M): M {
    const { user } = this.#options;
    const isOwn = user !== undefined && senderOf(message.user, message.payload) === user;
    return isOwn && !message.own ? { ...message, own: true } : message;
  }

  #show(list: lists.EntryList<T>): void {
    if (list === this.#list) return;
    this.#list = list;
    this.#set({ messages: list.entries, ...(list.isCut && { hasEarlier: true }) });
  }

  #set(part: Partial<ChannelView<T>>): void {
    const isSame = Object.entries(part).every(
      ([name, value]) => this.#view[name as keyof ChannelView] === value,
    );
    if (isSame) return;
    this.#view = Object.freeze({ ...this.#view, ...part });
    for (const listener of [...this.#listeners]) listener();
  }
}

function senderOf(user: string | undefined, payload: Payload): string | undefined {
  return user ?? text(fieldsOf(payload).sender_id);
}

function presenceOf(payload: Payload): Presence | undefined {
  const { count, members } = fieldsOf(payload);
  if (typeof count !== 'number') return undefined;
  const known = Array.isArray(members) ? members.filter((member) => typeof member === 'string') : [];
  return { count, members: known.slice(0, MEMBERS_MAX) };
}

function check(options: ChannelViewOptions): ChannelViewOptions {
  const ranges = { history: [0, HISTORY_MAX], limit: [1, LIMIT_MAX] } as const;
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) continue;
    throw new RangeError(
      `useChannel: \`${name}\` is ${String(value)}; accepted is an integer from ${min} to ${max}`,
    );
  }
  return options;
}

const READ = 'read';
const READ_OF = 'read:';
const PRESENCE = 'presence';
const LIMIT = 500;
const LIMIT_MAX = 10_000;
const HISTORY = 50;
const HISTORY_MAX = 256;
const PAGE = 50;
const READERS_MAX = 256;
const MEMBERS_MAX = 100;
