/** Takes a module apart; `src/engine/streams.ts` joins it again. */
export function toStreams(module: Uint8Array): Uint8Array<ArrayBuffer>;
