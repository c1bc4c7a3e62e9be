/** The site that the test pages come from: the same document with different policies, and the gallery of components. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine, Files } from './bundle.js';

type Folders = Readonly<Record<Engine | 'gallery', Files>>;

/** Each document with its engine, and its Content-Security-Policy. */
const DOCUMENTS: Readonly<Record<string, { readonly engine: Engine; readonly policy?: string }>> = {
  '/plain': { engine: 'wasm' },
  '/wasm': {
    engine: 'wasm',
    policy: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; style-src 'self'",
  },
  '/strict': {
    engine: 'js',
    policy: "default-src 'none'; script-src 'self'; connect-src *; style-src 'self'",
  },
  /** The wrong one: WebAssembly where it is forbidden. */
  '/forbidden': {
    engine: 'wasm',
    policy: "default-src 'none'; script-src 'self'; connect-src *; style-src 'self'",
  },
};

/** Serves until it is closed. */
export async function startSite(files: Folders): Promise<{ url: string; close(): void }> {
  const server = createServer(({ url = '/' }, response) =>
    answer(new URL(url, 'http://site').pathname, response, files),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => end(server) };
}

function answer(path: string, response: ServerResponse, files: Folders): void {
  const document = DOCUMENTS[path];
  if (document !== undefined) {
    const policy =
      document.policy === undefined ? {} : { 'content-security-policy': `${document.policy}; img-src data:` };
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...policy })
      .end(html(document.engine));
    return;
  }
  const [, folder = '', ...rest] = path.split('/');
  const name = rest.join('/');
  const file = Object.hasOwn(files, folder) ? files[folder as keyof Folders].get(name) : undefined;
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[name.slice(name.lastIndexOf('.'))] ?? 'text/javascript';
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(file);
}

const TYPES: Readonly<Record<string, string>> = { '.css': 'text/css', '.html': 'text/html' };

const html = (engine: Engine) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/${engine}/workbench.css">
<title>Workbench</title>
<main id="root"></main>
<script type="module" src="/${engine}/workbench.js"></script>
`;

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}
