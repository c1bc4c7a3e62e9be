/** A browser that visits one page, and what the page tells. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const LIMIT_MS = 60_000;

/** Returns the browser's command, if there is one. */
export function chromium() {
  for (const name of [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']) {
    if (name === undefined) continue;
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return name;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** Visits a page of a folder, or of another server at `url`; returns what it posts to the address in `tell`. */
export async function visit({ folder, url, query = {}, policy }) {
  let tell = () => undefined;
  const told = new Promise((resolve) => {
    tell = resolve;
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (data) => {
        body += data;
      });
      request.on('end', () => {
        response.end();
        tell(body);
      });
      return;
    }
    try {
      const file = normalize(pathname).replace(/\/$/, '/index.html');
      const content = readFileSync(join(folder, file));
      const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' };
      response.writeHead(
        200,
        policy === undefined ? headers : { ...headers, 'content-security-policy': policy },
      );
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = `http://127.0.0.1:${server.address().port}`;
  const address = new URL(url ?? `${own}/index.html`);
  for (const [name, value] of Object.entries({ ...query, tell: `${own}/told` }))
    address.searchParams.set(name, value);
  const browser = open(address.href);
  let late;
  try {
    const tooLate = new Promise((_, reject) => {
      late = setTimeout(() => reject(new Error(`the page told nothing within ${LIMIT_MS} ms`)), LIMIT_MS);
    });
    const said = await Promise.race([told, tooLate]);
    if (!said.startsWith('acked')) throw new Error(said);
    return said;
  } finally {
    clearTimeout(late);
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

function open(address) {
  const profile = mkdtempSync(join(tmpdir(), 'everlink-browser-'));
  const child = spawn(chromium(), [...FLAGS, `--user-data-dir=${profile}`, address], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    async close() {
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
