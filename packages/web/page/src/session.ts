/** Who sits in front of this window, and what the server says about itself. */

/** What `GET /api/page` tells. */
export interface About {
  readonly version: string;
  /** Path of the WebSocket endpoint. */
  readonly socket: string;
  /** What `POST /demo/kill` kills; nothing where it is missing. */
  readonly kill: 'connection' | 'process' | null;
  /** Rooms in which demonstrations answer. */
  readonly answered: readonly string[];
  /** Clients must bring a token. */
  readonly tokens: boolean;
  readonly kept: 'memory' | 'disk';
}

/** What is assumed where the server does not say. */
export const ABOUT_UNKNOWN: About = {
  version: '',
  socket: '/ws',
  kill: null,
  answered: [],
  tokens: false,
  kept: 'memory',
};

export async function askAbout(): Promise<About> {
  const answer = await fetch('/api/page', { headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error(`/api/page: ${answer.status}`);
  return { ...ABOUT_UNKNOWN, ...((await answer.json()) as Partial<About>) };
}

/** Asks the server to kill its side of this user's connections, or itself. */
export async function killServerSide(user: string): Promise<void> {
  const answer = await fetch('/demo/kill', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  if (!answer.ok) throw new Error(`/demo/kill: ${answer.status} ${await answer.text()}`);
}

/** The endpoint, for a user. */
export function endpoint(
  about: About,
  user: string,
  place: Pick<Location, 'host' | 'protocol'> = location,
): string {
  const scheme = place.protocol === 'https:' ? 'wss' : 'ws';
  // With tokens, the token says who it is.
  const query = about.tokens ? '' : `?user_id=${encodeURIComponent(user)}`;
  return `${scheme}://${place.host}${about.socket}${query}`;
}

/** Returns this window's name: two windows are two people, and a reload stays the same. */
export function ownName(store: Pick<Storage, 'getItem' | 'setItem'> | undefined = sessionStore()): string {
  const known = store?.getItem(NAME_KEY);
  if (known !== undefined && known !== null && isName(known)) return known;
  const name = `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
  keepName(name, store);
  return name;
}

/** Keeps a name for this window. */
export function keepName(name: string, store: Pick<Storage, 'setItem'> | undefined = sessionStore()): void {
  try {
    store?.setItem(NAME_KEY, name);
  } catch {
    // A full or forbidden storage: the name is for this page alone.
  }
}

/** Whether the server would take it as a user: 1 to 128 bytes without `~`, and without what cannot be seen. */
export function isName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  return name.trim() === name && bytes >= 1 && bytes <= NAME_BYTES_MAX && !/[~\p{Cc}]/u.test(name);
}

function sessionStore(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

function pick(words: readonly string[]): string {
  const [at = 0] = crypto.getRandomValues(new Uint32Array(1));
  return words[at % words.length] ?? '';
}

const NAME_KEY = 'everlink.name';
const NAME_BYTES_MAX = 64;

const ADJECTIVES = [
  'Amber',
  'Brave',
  'Calm',
  'Clever',
  'Coral',
  'Eager',
  'Gentle',
  'Happy',
  'Jolly',
  'Kind',
  'Lucky',
  'Misty',
  'Noble',
  'Quiet',
  'Silver',
  'Sunny',
  'Swift',
  'Witty',
];
const ANIMALS = [
  'Badger',
  'Crane',
  'Dolphin',
  'Falcon',
  'Fox',
  'Hare',
  'Heron',
  'Koala',
  'Lynx',
  'Marten',
  'Otter',
  'Owl',
  'Panda',
  'Raven',
  'Robin',
  'Seal',
  'Swan',
  'Wren',
];
