/**
 * `npm run lint`: types, rules of the code and of imports, what nothing uses, and format. Two checks run at a time, the longest
 * first; ESLint is divided, since it uses one core. What fails is printed, and the exit code is 1.
 */
import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';

const LANES = 2;
const CHECKS = [
  'eslint . --ignore-pattern src',
  'eslint src',
  'tsc --noEmit',
  'prettier --check --log-level warn .',
  'tsc --noEmit -p src/console/page',
  'depcruise --config .dependency-cruiser.cjs src',
  'knip',
];

const env = { ...process.env, PATH: `${resolve('node_modules/.bin')}${delimiter}${process.env.PATH}` };
const waiting = [...CHECKS];
await Promise.all(Array.from({ length: LANES }, work));

/** Runs one check after the other until none is left. */
async function work() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const { code, output } = await run(check);
    if (code === 0) continue;
    console.error(`${check}\n${output}`);
    process.exitCode = 1;
  }
}

function run(check) {
  const [program, ...args] = check.split(' ');
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', fail).once('close', (code) => done({ code, output }));
  });
}
