/**
 * Writes docs/transcript.md: what a person sees who follows docs/quickstart.md in an empty folder. The commands are the page's own.
 *
 * `npm run transcript` makes a clone of the project's files, and installs its package as the page says. With `--installed
 * FOLDER`, a `node_modules` with the package, that step is left out and the transcript goes to standard output.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const PAGE = 'docs/quickstart.md';
const TRANSCRIPT = 'docs/transcript.md';
const MARK = '@@ block ';
/** The ports of the page; the script uses free ones, with as many digits so that tables keep their widths. */
const PORTS = ['8080', '8081', '9001', '9100'];

/** The request ids that were seen, with those that the page shows. */
const ids = new Map();

const { values } = parseArgs({ options: { installed: { type: 'string' } } });
const sections = sectionsOf(readFileSync(PAGE, 'utf8'));
const root = mkdtempSync(join(tmpdir(), 'tollgate-transcript-'));
try {
  const ports = await freePorts(PORTS.length);
  const folder = join(root, 'empty');
  const outputs = run(folder, ports);
  const text = pageOf(outputs.map((output) => normalized(output, ports)));
  if (values.installed === undefined) writeFileSync(TRANSCRIPT, text);
  else process.stdout.write(text);
} finally {
  rmSync(root, { recursive: true });
}

/** The headings of the page with the blocks of commands below them. */
function sectionsOf(page) {
  return page
    .split(/^## /m)
    .map((section) => ({
      title: section.split('\n', 1)[0],
      blocks: [...section.matchAll(/^```sh(.*)\n([^]*?)^```$/gm)].map(([, kind, commands]) => ({
        installs: kind.trim() === 'install',
        commands,
      })),
    }))
    .filter(({ blocks }) => blocks.length > 0);
}

/** Runs the blocks in one shell. @returns the output of each */
function run(folder, ports) {
  const blocks = sections.flatMap((section) => section.blocks);
  const script = blocks.map(({ installs, commands }, index) => {
    const isLeftOut = installs && values.installed !== undefined;
    return `echo; echo '${MARK}${index}'\n${isLeftOut ? '' : withPorts(commands, PORTS, ports)}`;
  });
  mkdirSync(folder);
  if (values.installed !== undefined) symlinkSync(values.installed, join(folder, 'node_modules'));
  const file = join(root, 'commands.sh');
  // A failure on the way leaves no process behind.
  writeFileSync(file, `exec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n${script.join('')}`);
  const env = { ...process.env, REDIS_URL: '', TOLLGATE_ADMIN_TOKEN: '' };
  if (values.installed === undefined) env.TOLLGATE = clone();
  const { stdout } = spawnSync('bash', [file], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 1e8,
    timeout: 600_000,
  });
  return stdout
    .split(new RegExp(`^${MARK}\\d+\n`, 'm'))
    .slice(1)
    .map((output, index) => (blocks[index].installs ? '' : output.trim()));
}

/** A copy of the project's files, those that are not committed yet included, as of a fresh clone. */
function clone() {
  const folder = join(root, 'clone');
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const file of list.split('\0').filter((each) => each !== '')) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  return folder;
}

function withPorts(text, from, to) {
  return text.replaceAll(/(?<=127\.0\.0\.1:|listen\()\d{4}\b/g, (port) => to[from.indexOf(port)] ?? port);
}

/** The same text for each run: with fixed times, ids and durations. */
function normalized(output, ports) {
  return withPorts(output, ports, PORTS)
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (id) => {
      if (!ids.has(id)) ids.set(id, `6c1a7e2a-e187-408d-a93a-00000000000${ids.size}`);
      return ids.get(id);
    })
    .replaceAll(/^Date: .*$/gm, 'Date: Sun, 29 Nov 2026 09:00:00 GMT')
    .replaceAll(/^X-RateLimit-Reset: \d+/gm, 'X-RateLimit-Reset: 1795943400')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z/g, '2026-11-29T09:10:00Z')
    .replaceAll(/\(in \d[\dhms ]*\)/g, '(in 10m)')
    .replaceAll(/\(\d+ ms\)/g, '(5 ms)')
    .replaceAll('\r', '');
}

function pageOf(outputs) {
  const rest = [...outputs];
  const parts = sections.map(({ title, blocks }) => {
    const shown = blocks.map((block) => {
      const output = rest.shift();
      const result = block.installs ? '(what npm prints is left out)' : output;
      return `\`\`\`\n${promptsOf(block.commands)}\n${result === '' ? '' : `${result}\n`}\`\`\`\n`;
    });
    return `## ${title}\n\n${shown.join('\n')}`;
  });
  return `# Transcript

What a person sees who follows [the quick start](quickstart.md) in an empty folder. \`npm run transcript\` makes this page by running the
commands of that page; a test runs them again and compares. Times, ids and ports are replaced by fixed ones.

${parts.join('\n')}`;
}

/** The commands after a prompt; the content of a file stands on the page already. */
function promptsOf(commands) {
  return commands
    .trim()
    .replaceAll(/<<'END'\n[^]*?\nEND$/gm, "<<'END' …")
    .split('\n')
    .map((line, index, lines) =>
      index > 0 && /^ |^done/.test(line) && lines[index - 1] ? `> ${line}` : `$ ${line}`,
    )
    .join('\n');
}

/** Free ports of four digits. */
async function freePorts(count) {
  const found = [];
  while (found.length < count) {
    const port = 2000 + Math.floor(Math.random() * 7900);
    if (!found.includes(String(port)) && (await isFree(port))) found.push(String(port));
  }
  return found;
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
