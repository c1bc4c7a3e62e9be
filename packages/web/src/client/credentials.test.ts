/** Tokens: asked for before each attempt, renewed while the connection stands, never in a URL. */

import { describe, expect, it } from 'vitest';
import type { CredentialsRequest } from '../api.js';
import { jwtEnd } from '../driver/renewal.js';
import { ScriptedServer, settled, virtualPlatform } from '../testing.js';
import { back, connect, events, makeClient, setup } from './test-setup.js';

describe('credentials', () => {
  it('go into the greeting, and are asked for before each attempt', async () => {
    const asked: CredentialsRequest[] = [];
    const all = setup(
      {
        credentials: (request) => {
          asked.push(request);
          return { token: `token-${asked.length}` };
        },
      },
      { authenticate: (token) => (token?.startsWith('token-') ? { user: 'u7' } : undefined) },
    );
    const { platform, server } = all;
    await connect(all);
    expect(server.connections[0]?.said[0]).toMatchObject({ type: 'hello', token: 'token-1' });
    platform.network.cut();
    await back(all);
    expect(asked.map(({ refresh, attempt }) => [refresh, attempt])).toEqual([
      [false, 0],
      [false, 1],
    ]);
    expect(asked[0]?.url).not.toContain('token');
    expect(server.connections[1]?.said[0]).toMatchObject({ token: 'token-2' });
  });

  it('fault_47_refused ones are refreshed once, at once; refused again the client gives up', async () => {
    let valid = 'new';
    const asked: boolean[] = [];
    const all = setup(
      {
        credentials: ({ refresh }) => {
          asked.push(refresh);
          return { token: refresh ? 'new' : 'old' };
        },
      },
      { authenticate: (token) => (token === valid ? { user: 'u7' } : undefined) },
    );
    const { platform, client, server } = all;
    await connect(all);
    expect(asked).toEqual([false, true]);
    valid = 'none';
    server.connections.at(-1)?.close(4101);
    await platform.until(() => client.state === 'error', 60_000);
    await settled();
    expect(client.getSnapshot().lastError).toMatchObject({ kind: 'gave_up', code: 4101, retrying: false });
  });

  it('fault_46_are renewed after four fifths of their time, on the connection that stands', async () => {
    let count = 0;
    const all = setup(
      {
        credentials: () => {
          count += 1;
          return { token: `t${count}`, expiresAt: all.platform.wallClock() + 100_000 };
        },
      },
      { authenticate: () => ({ user: 'u7', lastsMs: 50_000 }) },
    );
    const { platform, server } = all;
    await connect(all);
    const said = () =>
      server.connections[0]?.said.flatMap((frame) => (frame.type === 'auth' ? [frame.token] : []));
    await platform.advance(79_000);
    expect(said()).toEqual([]);
    await platform.advance(2000);
    expect(said()).toEqual(['t2']);
    // The server said 50 s: from then on that counts.
    await platform.advance(41_000);
    expect(said()).toEqual(['t2', 't3']);
    expect(server.connections.length).toBe(1);
  });

  it('fault_46_a source that fails is asked again ever later, and a failed attempt is one', async () => {
    let fails = false;
    const times: number[] = [];
    const all = setup({
      credentials: () => {
        times.push(all.platform.now());
        if (fails) throw new Error('down');
        return { token: 't', expiresAt: all.platform.wallClock() + 10_000 };
      },
    });
    const { platform, client } = all;
    await connect(all);
    const errors = events(client, 'error');
    fails = true;
    await platform.advance(120_000);
    const pauses = times.slice(2).map((time, at) => Math.round((time - (times[at + 1] as number)) / 1000));
    expect(pauses.slice(0, 5)).toEqual([2, 4, 8, 16, 30]);
    expect(client.state).toBe('connected');
    expect(errors.every(({ where }) => where === 'credentials')).toBe(true);
    const failed = events(client, 'attemptfailed');
    platform.network.cut();
    await platform.until(() => failed.length >= 1);
    expect(failed[0]?.error.cause).toBe('credentialsUnavailable');
    fails = false;
    await back(all);
  });

  it('an answer that comes too late is not used', async () => {
    const answers: ((value: { token: string }) => void)[] = [];
    const { platform, client, server } = setup({
      settings: { connectTimeoutMs: 1000 },
      credentials: () => new Promise((resolve) => void answers.push(resolve)),
    });
    void client.connect().catch(() => undefined);
    await platform.until(() => answers.length === 2);
    answers[0]?.({ token: 'late' });
    answers[1]?.({ token: 'right' });
    await platform.until(() => client.state === 'connected');
    expect(server.connections.map(({ said }) => said[0])).toMatchObject([{ token: 'right' }]);
  });

  it('are subprotocols where there is no greeting', async () => {
    const platform = virtualPlatform();
    const server = new ScriptedServer(platform, 'ws://plain.test/ws', { protocol: () => 'bearer' });
    const client = makeClient(
      platform,
      { profile: 'messenger', credentials: () => ({ token: 'abc.def' }) },
      'ws://plain.test/ws?user_id=1',
    );
    void client.connect().catch(() => undefined);
    const connection = await server.next();
    expect(connection.request).toEqual({
      url: 'ws://plain.test/ws?user_id=1',
      protocols: ['bearer', 'abc.def'],
    });
  });

  it('a token that cannot be one is told without showing it', async () => {
    const { platform, client } = setup({ credentials: () => ({ token: 'x'.repeat(5000) }) });
    const errors = events(client, 'error');
    void client.connect().catch(() => undefined);
    await platform.until(() => errors.length > 0);
    expect(String(errors[0]?.error)).toContain('5000 characters');
    expect(String(errors[0]?.error)).not.toContain('xxx');
  });

  it('the end of a JWT is read, and of nothing else', () => {
    const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    expect(jwtEnd(jwt({ exp: 1_795_000_000 }))).toBe(1_795_000_000_000);
    for (const token of [
      '',
      'a',
      'a.b',
      jwt({}),
      jwt({ exp: 'x' }),
      jwt({ exp: -1 }),
      jwt({ exp: 1e300 }),
      jwt(null),
    ]) {
      expect(jwtEnd(token)).toBeUndefined();
    }
  });
});
