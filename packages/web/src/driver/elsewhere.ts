/** Where a server sends its clients, and whether they go there. */

/**
 * Decides whether to go where a server says. It must not be able to send a token to whomever it likes, nor in the clear:
 * the host is one of the client's own, and the scheme is encrypted if one of theirs is. What is not followed throws.
 */
export function followed(url: string, urls: readonly string[]): string {
  const wanted = parsed(url);
  const own = urls.map((known) => new URL(known));
  if (wanted.protocol !== 'wss:' && own.some(({ protocol }) => protocol === 'wss:'))
    throw new Error(`${origin(wanted)} is not encrypted, as a URL of this client is`);
  if (!own.some(({ hostname }) => hostname === wanted.hostname))
    throw new Error(`${origin(wanted)} is of another host than this client's URLs`);
  return wanted.href;
}

function parsed(url: string): URL {
  const wanted = URL.canParse(url) ? new URL(url) : undefined;
  if (wanted === undefined || !['ws:', 'wss:'].includes(wanted.protocol))
    throw new Error(`the server names ${JSON.stringify(url)} to go to; accepted: a URL with ws: or wss:`);
  return wanted;
}

/** A URL as it may be told: what stands behind the host may be a secret. */
const origin = ({ protocol, host }: URL): string => `${protocol}//${host}`;
