/** The project that the packed package is installed into. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

/** Where the tools are, and the package. */
export const CONSUMERS = fileURLToPath(new URL('..', import.meta.url));
export const WEB = fileURLToPath(new URL('../../..', import.meta.url));

/** Packs the package and installs it; the tools are found one folder above. */
export async function project() {
  const work = join(CONSUMERS, 'work');
  mkdirSync(work, { recursive: true });
  const folder = mkdtempSync(join(work, 'project-'));
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: WEB });
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  cpSync(join(CONSUMERS, 'project'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name":"project","private":true,"type":"module"}\n');
  const quiet = [
    '--silent',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--legacy-peer-deps',
  ];
  await run('npm', ['install', ...quiet, tarball], { cwd: folder });
  return { folder, tarball, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Returns a tool's command. */
export function tool(name) {
  return join(CONSUMERS, 'node_modules/.bin', name);
}
