/** Bytes from the text that `build/bytes.mjs` makes of them. */

/** Characters that would need care in a string; every other printable one stands for a byte. */
const LEFT_OUT = '"$\'\\`';

/** Reads bytes. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const places = alphabet();
  const plain = 88;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let page = 0;
  for (let at = 0; at < text.length; at++) {
    const place = places[text.charCodeAt(at)] as number;
    if (place >= plain) {
      page = place - plain + 1;
    } else {
      bytes[length++] = page * plain + place;
      page = 0;
    }
  }
  return bytes.slice(0, length);
}

/** The place of each character in the alphabet. */
function alphabet(): Uint8Array {
  const places = new Uint8Array(127);
  let place = 0;
  for (let code = 32; code < 127; code++) {
    if (!LEFT_OUT.includes(String.fromCharCode(code))) {
      places[code] = place++;
    }
  }
  return places;
}
