/** Writes bytes as text; `src/engine/text.ts` reads it. */
export function toText(bytes: Uint8Array): string;
