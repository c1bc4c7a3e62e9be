import { describe, expect, it } from 'vitest';
import { type Frame, StatusWebSocketManager, type StatusWebSocketOptions } from '../../src/chat/index.js';
import { ScriptedServer } from '../../src/testing/scripted-server.js';
import { virtualPlatform } from '../../src/testing/virtual-platform.js';
import { Lines } from '../support/lines.js';

async function stage(options: StatusWebSocketOptions = {}) {
  const platform = virtualPlatform();
  const server = new ScriptedServer(platform, 'ws://host/ws/status/c1/');
  const status = new StatusWebSocketManager({
    baseUrl: 'ws://host',
    platform,
    logger: new Lines(),
    ...options,
  });
  const told: Frame[] = [];
  status.onStatusChange((event) => told.push(event));
  status.connect('c1');
  const connection = await server.next();
  await platform.until(() => status.isConnected);
  const busy = () => [status.isThinking, status.isExtracting, status.isSummaryGenerating];
  return { platform, server, status, told, connection, busy };
}

const thinking = {
  type: 'thinking_start',
  version: 5,
  thinking: true,
  extracting: false,
  summary_generating: false,
};

describe('StatusWebSocketManager', () => {
  it('req_c05_tells_each_status_and_keeps_the_flags', async () => {
    const { platform, status, told, connection, busy } = await stage();
    const all: unknown[] = [];
    status.onMessage((data) => all.push(data['type']));
    connection.send({ type: 'thinking_start' });
    connection.send({ type: 'extraction_start' });
    await platform.until(() => told.length === 2);
    expect(busy()).toEqual([true, true, false]);
    connection.send({ type: 'thinking_end' });
    connection.send({ type: 'extraction_complete', summary_triggered: true });
    await platform.until(() => told.length === 4);
    expect(busy()).toEqual([false, false, true]);
    connection.send({ type: 'summary_complete' });
    await platform.until(() => told.length === 5);
    expect(busy()).toEqual([false, false, false]);
    expect(told.map(({ type }) => type)).toEqual(all);
    expect(status.statusListeners).toHaveLength(1);
  });

  it('req_c05_req_c06_what_is_stuck_is_cleared_after_the_options_say', async () => {
    const { platform, told, connection, busy } = await stage({
      staleTimeoutDuration: 2000,
      extractionStaleTimeout: 5000,
    });
    connection.send({ type: 'thinking_start' });
    connection.send({ type: 'extraction_start' });
    await platform.until(() => told.length === 2);
    await platform.advance(1990);
    expect(busy()).toEqual([true, true, false]);
    await platform.advance(20);
    expect(busy()).toEqual([false, true, false]);
    await platform.advance(3000);
    expect(busy()).toEqual([false, false, false]);
    expect(told.slice(2)).toEqual([
      {
        type: 'status_cleared',
        cause: 'stale',
        thinking: true,
        extracting: false,
        summary_generating: false,
      },
      {
        type: 'status_cleared',
        cause: 'stale',
        thinking: false,
        extracting: true,
        summary_generating: false,
      },
    ]);
  });

  it('req_c05_a_loss_clears_all_and_what_still_holds_is_restored_when_it_is_told_again', async () => {
    const { platform, server, told, connection, busy } = await stage();
    connection.send(thinking);
    await platform.until(() => told.length === 1);
    connection.cut();
    await platform.until(() => told.length === 2);
    expect(busy()).toEqual([false, false, false]);
    const back = await server.next();
    back.send(thinking);
    await platform.until(() => told.length === 3);
    expect(busy()).toEqual([true, false, false]);
    back.send(thinking);
    await platform.advance(100);
    expect(told.slice(1)).toEqual([
      {
        type: 'status_cleared',
        cause: 'connection_lost',
        thinking: true,
        extracting: false,
        summary_generating: false,
      },
      { ...thinking, restored: true },
    ]);
  });

  it('req_c05_a_deliberate_disconnect_leaves_no_flag_and_no_timer', async () => {
    const { platform, status, told, connection, busy } = await stage();
    connection.send(thinking);
    await platform.until(() => told.length === 1);
    status.disconnect();
    await platform.advance(5000);
    expect(busy()).toEqual([false, false, false]);
    expect(platform.time.timerCount).toBe(0);
  });
});
