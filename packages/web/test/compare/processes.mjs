/** The processes of one run: a client, and the proxy that breaks its connection. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { start } from '../consumers/lib/processes.mjs';

/** The `everlink` command. */
export const command = () => process.env.EVERLINK_BIN ?? 'everlink';

/** Starts `everlink chaos` before a port. */
export async function chaos(port) {
  const parameters = ['chaos', '--to', `127.0.0.1:${port}`, '--control', '127.0.0.1:0', '--json'];
  const ready = /"control":"([^"]+)".*"listen":"([^"]+)"/;
  const { found, stop } = await start(command(), parameters, ready);
  const [, control, listen] = found;
  const ask = async (path, body, method = body === undefined ? 'GET' : 'POST') => {
    const answer = await fetch(new URL(path, control), { method, body });
    if (!answer.ok) throw new Error(`${path} ${body}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  return {
    listen,
    fault: (fault) => ask('fault', JSON.stringify({ fault })),
    clear: () => ask('fault', undefined, 'DELETE'),
    cut: () => ask('cut', ''),
    counters: async () => JSON.parse(await ask('status')).counters,
    stop,
  };
}

/** Starts a client; what it tells is kept with its time. */
export function client(name, url) {
  const path = fileURLToPath(new URL('clients/run.mjs', import.meta.url));
  const child = fork(path, [name, url], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const news = [];
  const watchers = new Set();
  let complaint = '';
  child.stderr.on('data', (data) => {
    complaint = (complaint + data).slice(-2000);
  });
  child.on('message', (message) => {
    news.push(message);
    for (const watcher of [...watchers]) watcher(message);
  });
  const count = (type) => news.filter((one) => one.type === type).length;
  /** Waits for the next news of a kind, or until the limit; returns `undefined` then. */
  const next = (type, limitMs) =>
    new Promise((resolve) => {
      const end = (message) => {
        clearTimeout(late);
        watchers.delete(watcher);
        resolve(message);
      };
      const watcher = (message) => message.type === type && end(message);
      const late = setTimeout(() => end(undefined), limitMs);
      watchers.add(watcher);
    });
  return {
    news,
    count,
    next,
    on: (run) => watchers.add(run),
    /** Throws if the process has ended: an outcome of nothing would look like one. */
    mustLive() {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the client ended: ${complaint}`);
    },
    complaint: () => complaint,
    async ask(ask, more = {}) {
      const answer = next({ send: 'asked' }[ask] ?? ask, 60_000);
      child.send({ ask, ...more });
      const said = await answer;
      if (said === undefined) throw new Error(`the client does not answer ${ask}: ${complaint}`);
      return said;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
