/** Sends a message and reads it back; the same in every tool. */
export async function meet(EverlinkClient, url) {
  const client = new EverlinkClient(url);
  await client.connect();
  const room = `room-${Math.random().toString(36).slice(2)}`;
  const channel = client.channel(room, { from: 'beginning' });
  const { status, offset } = await client.publish(room, 42).settled;
  for await (const item of channel) {
    if (item.type !== 'message') continue;
    await client.close();
    return `${status} at ${offset}, read back: ${item.payload}`;
  }
  throw new Error('the channel ended');
}
