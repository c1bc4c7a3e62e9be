/** The server that programs and pages talk to. */
import { start } from './processes.mjs';

/** Starts `everlink serve` on a free port. */
export async function serve() {
  const command = process.env.EVERLINK_BIN ?? 'everlink';
  const parameters = ['serve', '--memory', '--listen', '127.0.0.1:0', '--drain-window', '0s', '--json'];
  const { found, stop } = await start(command, parameters, /"urls":\["([^"]+)"/);
  return { url: found[1], stop };
}
