/**
 * A look at JSON text that `JSON.parse` has found sound: it sees what the parser hides, which is keys that stand
 * twice and the form of numbers.
 */

/** Splits a list into the texts of its values, and an object into those of its keys and values in turn. */
export function parts(raw: string): string[] {
  const found: string[] = [];
  const end = raw.length - 1;
  let depth = 0;
  let from = 1;
  for (let at = 1; at <= end; at += 1) {
    const char = raw[at] as string;
    if (char === '"') {
      at = endOfText(raw, at);
    } else if (depth === 0 && (at === end || char === ',' || char === ':')) {
      const part = raw.slice(from, at).trim();
      if (part !== '') found.push(part);
      from = at + 1;
    } else {
      depth += step(char);
    }
  }
  return found;
}

/** Returns whether lists and objects are nested deeper than that. */
export function isDeeper(raw: string, depthMax: number): boolean {
  // Each level takes two characters.
  if (raw.length <= depthMax * 2) return false;
  let depth = 0;
  for (let at = 0; at < raw.length && depth <= depthMax; at += 1) {
    const char = raw[at] as string;
    if (char === '"') at = endOfText(raw, at);
    else depth += step(char);
  }
  return depth > depthMax;
}

function step(char: string): number {
  return char === '{' || char === '[' ? 1 : char === '}' || char === ']' ? -1 : 0;
}

/** Returns where the text ends that begins here. */
function endOfText(raw: string, begin: number): number {
  for (let end = raw.indexOf('"', begin + 1); ; end = raw.indexOf('"', end + 1)) {
    let before = end;
    while (raw[before - 1] === '\\') before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}
