/** Base64 with padding (RFC 4648, section 4), and nothing but that. */

/** Returns the bytes, or `undefined` if the text is not base64 exactly as an encoder writes it. */
export function fromBase64(text: string): Uint8Array | undefined {
  // `atob` forgives white space, missing padding and stray bits; two bytes for one text would be two messages for one.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const last = text[text.length - 1 - padding] ?? '';
  if (padding > 0 && !(padding === 2 ? 'AQgw' : 'AEIMQUYcgkosw048').includes(last)) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/** Arguments of one call: engines bound them by their stack. */
const CHUNK = 8192;
