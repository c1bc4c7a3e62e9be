/** Names the messages of one page: no other page, and no later one, has the same name. */
export function newProducer(random: () => number): string {
  return Array.from({ length: 4 }, () => (random() >>> 0).toString(16).padStart(8, '0')).join('');
}
