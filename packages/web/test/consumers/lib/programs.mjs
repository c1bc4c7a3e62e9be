/** Programs of Node that talk to a real server. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { WEB } from './project.mjs';

/** Node 20 has a WebSocket, and shows it only when it is asked to. */
const NODE = ['--experimental-websocket', '--no-warnings'];

/** The first program of the package's README does what the README says. */
export async function checkReadme({ folder, server }) {
  const readme = readFileSync(join(WEB, 'README.md'), 'utf8');
  const program = /```js\n(.*?)```/s.exec(readme)?.[1];
  assert.ok(program?.includes('ws://127.0.0.1:8400/ws'), 'the README has no first program');
  writeFileSync(join(folder, 'readme.mjs'), program.replace('ws://127.0.0.1:8400/ws', server.url));
  const said = await run('node', [...NODE, 'readme.mjs'], { cwd: folder, limitMs: 30_000 });
  for (const line of said.trim().split('\n')) {
    assert.ok(readme.includes(`\`${line}\``), `it prints ${line}, and the README does not say so`);
  }
  assert.equal(said.trim().split('\n').length, 2);
  return 'its first program prints what it says';
}

/** The package as it is, without WebAssembly, and as a page of a server renders it. */
export async function checkNode({ folder, server }) {
  for (const program of ['node.mjs', 'no-wasm.mjs']) {
    const said = await run('node', [...NODE, program, server.url], { cwd: folder, limitMs: 30_000 });
    assert.match(said, /acked at \d+, read back: 42\n/);
  }
  const rendered = await run('node', ['render.mjs'], { cwd: folder, limitMs: 30_000 });
  assert.match(rendered, /role="status"/);
  return 'sends and reads with both engines; components render on a server';
}
