// Bytes as ASCII text that a compressor still sees as bytes.
//
// Base64 shifts every byte by a different number of bits, and what Brotli would have found is hidden: the
// engine takes a quarter more. Here each byte is one character, or an escape and one character, always the
// same. `src/engine/text.ts` reads it.

/** Every printable character that needs no care in a string of JavaScript; the last two are the escapes. */
export const ALPHABET = [...Array(95).keys()]
  .map((at) => String.fromCharCode(32 + at))
  .filter((character) => !`"'\\\`$`.includes(character))
  .join('');

const PLAIN = ALPHABET.length - 2;

/** Writes bytes as text. */
export function toText(bytes) {
  let text = '';
  for (const byte of bytes) {
    const page = Math.floor(byte / PLAIN);
    text += (page === 0 ? '' : ALPHABET[PLAIN + page - 1]) + ALPHABET[byte % PLAIN];
  }
  return text;
}
