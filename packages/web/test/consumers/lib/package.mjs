/** What the tarball holds, and what tools say about it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { tool } from './project.mjs';

/** The package holds what it needs and nothing else, and both public checkers have nothing to say. */
export async function checkPackage({ folder, tarball }) {
  const files = (await run('tar', ['-tzf', tarball])).trim().split('\n');
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'dist/index.js', 'dist/styles.css']) {
    assert.ok(files.includes(`package/${name}`), `the package lacks ${name}`);
  }
  const odd = files.filter((name) => /\.tsx?$|\.test\./.test(name) && !name.endsWith('.d.ts'));
  assert.deepEqual(odd, [], 'sources and tests are in the package');
  const { dependencies } = JSON.parse(
    readFileSync(join(folder, 'node_modules/everlink/package.json'), 'utf8'),
  );
  assert.equal(dependencies, undefined, 'the package has dependencies');
  await run(tool('publint'), [tarball, '--strict']);
  await run(tool('attw'), [tarball, '--profile', 'esm-only', '--exclude-entrypoints', './styles.css']);
  return `${files.length} files; publint and attw have nothing to say`;
}

/** The types are right for whoever checks strictly, by both ways of finding modules. */
export async function checkTypes({ folder }) {
  for (const config of ['bundler', 'node16']) {
    await run(tool('tsc'), ['-p', join(folder, `types/tsconfig.${config}.json`)]);
  }
  return 'strict, moduleResolution bundler and node16';
}
