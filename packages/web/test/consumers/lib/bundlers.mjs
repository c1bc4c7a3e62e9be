/** One page, built by each bundler, loaded by a browser where there is one. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium, visit } from './browser.mjs';
import { run } from './processes.mjs';
import { tool } from './project.mjs';

const PAGE = '<!doctype html><title>Everlink</title><script src="./page.js"></script>\n';

export const bundlers = {
  async esbuild({ folder, server }) {
    const out = await esbuilt(folder, 'node.mjs', 'out/node.mjs', 'neutral');
    const said = await run('node', ['--experimental-websocket', '--no-warnings', out, server.url], {
      cwd: folder,
      limitMs: 30_000,
    });
    assert.match(said, /acked at \d+, read back: 42/);
    return 'the bundle runs in Node';
  },
  async vite({ folder, server }) {
    await run(tool('vite'), ['build', '--logLevel', 'warn'], { cwd: folder });
    return loaded(join(folder, 'out/vite'), server);
  },
  async webpack({ folder, server }) {
    const script = `const stats = require('webpack')(require('./webpack.config.cjs'), (error, stats) => {
      if (error || stats.hasErrors() || stats.hasWarnings()) {
        console.error(error ?? stats.toString());
        process.exitCode = 1;
      }
    });`;
    writeFileSync(join(folder, 'webpack-run.cjs'), script);
    await run('node', ['webpack-run.cjs'], { cwd: folder });
    return loaded(join(folder, 'out/webpack'), server, PAGE);
  },
  /** A page whose policy allows its own files and nothing else: no evaluation, no WebAssembly. */
  async strict({ folder, server }) {
    await esbuilt(folder, 'strict.js', 'out/strict/page.js', 'browser');
    const policy = "default-src 'self'; connect-src 'self' ws: http:";
    const said = await loaded(join(folder, 'out/strict'), server, PAGE, policy);
    if (chromium() === undefined) return said;
    await esbuilt(folder, 'page.js', 'out/refused/page.js', 'browser');
    await assert.rejects(
      loaded(join(folder, 'out/refused'), server, PAGE, policy),
      /CompileError|WebAssembly/,
      'the policy forbids nothing',
    );
    return `everlink/no-wasm: ${said}; with WebAssembly it is refused`;
  },
};

async function esbuilt(folder, entry, out, platform) {
  const outfile = join(folder, out);
  const format = platform === 'browser' ? 'iife' : 'esm';
  await build({
    entryPoints: [join(folder, entry)],
    outfile,
    bundle: true,
    format,
    platform,
    logLevel: 'error',
  });
  return outfile;
}

async function loaded(out, server, page, policy) {
  mkdirSync(out, { recursive: true });
  if (page !== undefined) writeFileSync(join(out, 'index.html'), page);
  assert.ok(readdirSync(out).includes('index.html'));
  if (chromium() === undefined) return 'built';
  const said = await visit({ folder: out, query: { server: server.url }, policy });
  assert.match(said, /^acked at \d+, read back: 42$/);
  return 'built, and the page sends and reads';
}
