// Installs the packed package into a project of its own and uses it as others do.
//
// `node run.mjs` runs everything; `node run.mjs --quick` what needs neither a browser nor minutes. `EVERLINK_BIN` names
// the `everlink` command, whose server the programs talk to; `--only NAME` runs one step.
import { parseArgs } from 'node:util';
import { chromium } from './lib/browser.mjs';
import { bundlers } from './lib/bundlers.mjs';
import { checkImports } from './lib/imports.mjs';
import { checkNext } from './lib/next.mjs';
import { checkPackage, checkTypes } from './lib/package.mjs';
import { checkNode, checkReadme } from './lib/programs.mjs';
import { project } from './lib/project.mjs';
import { serve } from './lib/server.mjs';
import { checkTreeShaking } from './lib/tree-shaking.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});

/** Quick ones first. Each returns a few words on what it saw. */
const QUICK = [
  ['package', checkPackage],
  ['types', checkTypes],
  ['tree-shaking', checkTreeShaking],
  ['imports', checkImports],
  ['readme', checkReadme],
  ['node', checkNode],
  ['esbuild', bundlers.esbuild],
];
const LONG = [
  ['vite', bundlers.vite],
  ['webpack', bundlers.webpack],
  ['strict-csp', bundlers.strict],
  ['next', checkNext],
];

const steps = [...QUICK, ...(options.quick ? [] : LONG)].filter(
  ([name]) => options.only === undefined || options.only === name,
);
if (steps.length === 0) throw new Error(`--only: found ${options.only}; accepted: a name that a run prints`);
if (!options.quick && chromium() === undefined)
  console.log('no chromium here: pages are built and not loaded');

const tried = await project();
const server = await serve();
let failed = 0;
try {
  for (const [name, run] of steps) {
    const started = performance.now();
    try {
      const said = await run({ ...tried, server });
      console.log(`ok    ${name}: ${said} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}: ${error.stack ?? error}`);
    }
  }
} finally {
  await server.stop();
  tried.remove();
}
process.exitCode = failed === 0 ? 0 : 1;
