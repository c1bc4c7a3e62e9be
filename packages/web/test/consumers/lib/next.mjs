/** Next: rendered on the server, then alive in the browser. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { chromium, visit } from './browser.mjs';
import { run, start } from './processes.mjs';
import { tool } from './project.mjs';

export async function checkNext({ folder, server }) {
  const cwd = join(folder, 'next');
  const env = { ...process.env, EVERLINK_URL: server.url, NEXT_TELEMETRY_DISABLED: '1' };
  await run(tool('next'), ['build'], { cwd, env });
  const next = await start(
    'node',
    [tool('next'), 'start', '-p', '0', '-H', '127.0.0.1'],
    /http:\/\/127\.0\.0\.1:(\d+)/,
    {
      cwd,
      env,
    },
  );
  try {
    const url = `http://127.0.0.1:${next.found[1]}/`;
    const html = await (await fetch(url)).text();
    assert.match(html, /role="status"/, 'the server renders nothing of the component');
    if (chromium() === undefined) return 'built, and rendered on the server';
    assert.match(await visit({ url }), /^acked at \d+, shown: 42$/);
    return 'rendered on the server, and the page sends and reads';
  } finally {
    await next.stop();
  }
}
