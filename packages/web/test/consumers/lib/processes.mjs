/** Child processes with an end. */
import { spawn } from 'node:child_process';

/** What runs now: nothing of it outlives this process, however it ends. */
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

function launch(command, parameters, options) {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Runs a command and returns what it printed; one that fails or takes too long throws with it. */
export function run(command, parameters, { limitMs = 240_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = launch(command, parameters, { timeout: limitMs, ...options });
    let said = '';
    const hear = (data) => {
      said += data;
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(said);
      else reject(new Error(`${command} ${parameters.join(' ')} ended with ${code ?? signal}\n${said}`));
    });
  });
}

/** Starts a command that stays, and waits for a line that says it is there. */
export function start(command, parameters, ready, { limitMs = 60_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = launch(command, parameters, options);
    const ended = new Promise((done) => child.once('close', done));
    const stop = async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(force);
    };
    let said = '';
    const late = setTimeout(() => failed('was not ready in time'), limitMs);
    const failed = (why) => {
      clearTimeout(late);
      child.kill('SIGKILL');
      reject(new Error(`${command} ${parameters.join(' ')} ${why}\n${said}`));
    };
    const hear = (data) => {
      said += data;
      const found = ready.exec(said);
      if (found === null) return;
      clearTimeout(late);
      said = '';
      child.stdout.off('data', hear).resume();
      child.stderr.off('data', hear).resume();
      resolve({ found, stop });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', (error) => failed(String(error)));
    child.once('close', (code) => failed(`ended with ${code}`));
  });
}
