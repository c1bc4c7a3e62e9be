/** A socket that can stand where `WebSocket` stood. */

import { describe, expect, it } from 'vitest';
import { EverlinkSocket } from '../index.js';
import { ScriptedServer, type VirtualPlatform, virtualPlatform } from '../testing.js';

function setup(): {
  platform: VirtualPlatform;
  server: ScriptedServer;
  socket: EverlinkSocket;
  seen: string[];
} {
  const platform = virtualPlatform();
  const server = new ScriptedServer(platform, 'ws://plain.test/', { protocol: ([first = '']) => first });
  const socket = new EverlinkSocket('ws://plain.test/', ['chat'], { platform });
  const seen: string[] = [];
  socket.onopen = () => void seen.push('open');
  socket.onmessage = ({ data }) => void seen.push(`message ${String(data)}`);
  socket.onerror = () => void seen.push('error');
  socket.onclose = ({ code, wasClean }) => void seen.push(`close ${code} ${String(wasClean)}`);
  return { platform, server, socket, seen };
}

describe('EverlinkSocket', () => {
  it('is a WebSocket to its user: constants, states, events, subprotocol', async () => {
    const { platform, server, socket, seen } = setup();
    expect([
      EverlinkSocket.CONNECTING,
      EverlinkSocket.OPEN,
      EverlinkSocket.CLOSING,
      EverlinkSocket.CLOSED,
    ]).toEqual([0, 1, 2, 3]);
    expect(socket.readyState).toBe(socket.CONNECTING);
    socket.send('early');
    const connection = await server.next();
    await platform.until(() => socket.readyState === socket.OPEN);
    expect(socket.protocol).toBe('chat');
    expect(connection.request.protocols).toEqual(['chat']);
    expect(await connection.receive()).toBe('early');
    connection.send('hi');
    await platform.advance(10);
    let closes = 0;
    socket.addEventListener('close', () => {
      closes += 1;
    });
    socket.close(3001, 'done');
    expect(socket.readyState).toBe(socket.CLOSING);
    await platform.advance(2000);
    expect(socket.readyState).toBe(socket.CLOSED);
    expect(seen).toEqual(['open', 'message hi', 'close 3001 true']);
    expect(closes).toBe(1);
    expect(platform.time.timerCount).toBe(0);
  });

  it('is connecting while it is away, and sends then what it was given', async () => {
    const { platform, server, socket, seen } = setup();
    (await server.next()).cut();
    await platform.until(() => seen.includes('error'));
    expect(socket.readyState).toBe(socket.CONNECTING);
    socket.send('meanwhile');
    expect(socket.bufferedAmount).toBe(9);
    const connection = await server.next();
    expect(await connection.receive()).toBe('meanwhile');
    await platform.advance(200);
    expect(socket.bufferedAmount).toBe(0);
    expect(seen.filter((event) => event === 'open').length).toBeGreaterThanOrEqual(1);
    expect(seen.some((event) => event.startsWith('close'))).toBe(false);
  });

  it('gives bytes as the kind that is asked for', async () => {
    const { platform, server, socket } = setup();
    const connection = await server.next();
    const data: unknown[] = [];
    socket.onmessage = (event) => void data.push(event.data);
    await platform.until(() => socket.readyState === socket.OPEN);
    connection.send(new Uint8Array([1, 2]));
    await platform.advance(10);
    socket.binaryType = 'arraybuffer';
    connection.send(new Uint8Array([3]));
    await platform.advance(10);
    expect(data[0]).toBeInstanceOf(Blob);
    expect(new Uint8Array(data[1] as ArrayBuffer)).toEqual(new Uint8Array([3]));
    socket.send(new Uint8Array([9, 8, 7]).subarray(1));
    expect(await connection.receive()).toEqual(new Uint8Array([8, 7]));
  });

  it('a handler that throws harms nobody', async () => {
    const { platform, server, socket, seen } = setup();
    const { error } = console;
    const shown: unknown[] = [];
    console.error = (...args) => void shown.push(args);
    try {
      socket.onmessage = () => {
        throw new Error('mine');
      };
      socket.addEventListener('message', () => void seen.push('listened'));
      const connection = await server.next();
      connection.send('hi');
      await platform.advance(10);
    } finally {
      console.error = error;
    }
    expect(seen).toEqual(['open', 'listened']);
    expect(shown.length).toBe(1);
  });

  it('closed before it opened it opens nothing', async () => {
    const { platform, server, socket, seen } = setup();
    socket.close();
    await platform.advance(60_000);
    expect(server.connections).toEqual([]);
    expect(platform.network.dialCount).toBe(1);
    expect(seen).toEqual(['close 1005 true']);
  });
});
