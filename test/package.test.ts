/**
 * The package: packed from a fresh clone it is complete, and works when installed, also from TypeScript of
 * any kind.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCommand, type RunningCommand } from './support/command.js';
import { installPackage, type InstalledPackage } from './support/package.js';
import { freePort } from './support/redis.js';

const run = promisify(execFile);
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
}, 120_000);

afterAll(() => installed.close());

const main = (): string => join(installed.folder, 'dist/cli/main.js');

/** An empty folder of the project, in which the package is found. */
async function emptyFolder(name: string): Promise<string> {
  const folder = join(installed.project, name);
  await mkdir(folder);
  return folder;
}

it('has all run-time files, and neither sources, tests nor source maps without sources', () => {
  const { files } = installed;
  for (const path of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/testing/testing.js',
    'dist/testing/testing.d.ts',
    'dist/cli/main.js',
    'dist/console/page/index.html',
    'config/gateway.yaml',
    'config/starter.yaml',
    'deploy/compose/.env.example',
    'deploy/helm/tollgate/templates/_helpers.tpl',
    'deploy/systemd/tollgate.service',
    'LICENSE',
  ]) {
    expect(files).toContain(path);
  }
  expect(files.filter((path) => /^(src|test)\/|\.map$|\.tsbuildinfo$/.test(path))).toEqual([]);
});

it('has every file that its pages link to', async () => {
  const pages = installed.files.filter((path) => path.endsWith('.md'));
  expect(pages).toContain('README.md');
  for (const page of pages) {
    const text = await readFile(join(installed.folder, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, path]) => path!,
    );
    const missing = links.filter((path) => !installed.files.includes(normalize(join(dirname(page), path))));
    expect({ page, missing }).toEqual({ page, missing: [] });
  }
});

it.each([
  // The current compiler no longer resolves as Node 10 did, but can be configured to use only `main` and
  // `types`.
  [
    'CommonJS, resolved without exports',
    { module: 'commonjs', moduleResolution: 'bundler', resolvePackageJsonExports: false },
  ],
  ['CommonJS of today', { module: 'nodenext' }],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
])('provides its types to TypeScript for %s', async (kind, options) => {
  const folder = await emptyFolder(kind.replaceAll(/\W+/g, '-'));
  await writeFile(
    join(folder, 'app.ts'),
    `import { tollgate, type GatewayConfig } from 'tollgate';
import { testConfig, testIssuer, type TestIssuer } from 'tollgate/testing';
const config: GatewayConfig = { upstreams: { a: 'http://127.0.0.1:9' }, routes: [{ match: 'GET /a', upstream: 'a', public: true }] };
export const gate = tollgate(config).then((made) => made.close());
// @ts-expect-error: it is no number
export const wrong = tollgate(5);
const issuer: TestIssuer = testIssuer({ alg: 'ES256' });
export const tested = tollgate({ ...config, issuers: { main: issuer.config } });
export const token: string = issuer.sign({ scope: 'a:read' }, { expiresIn: '-1h' });
const read = testConfig('gateway.yaml');
export const file = tollgate({ ...read.config, upstreams: { a: 'http://127.0.0.1:9' } });
export const other: TestIssuer | undefined = read.issuers['main'];
// @ts-expect-error: a symmetric algorithm
testIssuer({ alg: 'HS256' });
`,
  );
  const compilerOptions = {
    ...options,
    target: 'es2022',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
  const { stdout } = await run(process.execPath, [TSC, '-p', folder]).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
});

it('can be required and imported', async () => {
  const code =
    "import('tollgate').then((one) => console.log(typeof one.tollgate, typeof require('tollgate').tollgate))";
  const { stdout } = await run(process.execPath, ['-e', code], { cwd: installed.project });
  expect(stdout.trim()).toBe('function function');
});

it('has a testing module that can be required and imported', async () => {
  const code =
    "import('tollgate/testing').then((one) => console.log(typeof one.testIssuer, typeof require('tollgate/testing').testConfig))";
  const { stdout } = await run(process.execPath, ['-e', code], { cwd: installed.project });
  expect(stdout.trim()).toBe('function function');
});

it('runs the test of docs/testing.md with the file of the README', async () => {
  const folder = await emptyFolder('documented test');
  await mkdir(join(folder, 'config'));
  await writeFile(join(folder, 'config/gateway.yaml'), await firstBlock('README.md', 'yaml'));
  await writeFile(join(folder, 'orders.test.mjs'), await firstBlock('docs/testing.md', 'js'));
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'orders.test.mjs'], {
    cwd: folder,
    timeout: 12_000,
  }).catch((error: unknown) => error as { stdout: string });
  expect(stdout).toMatch(/^# pass 3$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});

it('does what docs/transcript.md shows, where a person follows docs/quickstart.md in an empty folder', async () => {
  const modules = dirname(installed.folder);
  const { stdout } = await run(process.execPath, ['scripts/transcript.js', '--installed', modules]);
  expect(stdout).toBe(await readFile('docs/transcript.md', 'utf8'));
}, 60_000);

/** The first block of code in a language on a page. */
async function firstBlock(page: string, language: string): Promise<string> {
  const text = await readFile(join(installed.folder, page), 'utf8');
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text)?.[1] ?? '';
}

it('runs the demo in an empty folder, with the example of the package, and keeps its data there', async () => {
  const folder = await emptyFolder('empty demo');
  const { demo, port } = await startDemo(folder);
  await demo.until(/There is no config\/gateway\.yaml here/);
  const [, key = ''] = await demo.until(/auth\/token\?key=([^&]+)/);
  const [line] = await demo.until(/curl [^\n]*--request DELETE[^\n]*/);
  expect(demo.stdout()).toContain(`http://127.0.0.1:${port}/status`);
  expect(existsSync(join(folder, 'data/tollgate.db'))).toBe(true);
  // The printed line works unchanged in another terminal with another folder.
  const { stdout } = await run('sh', ['-c', line], { cwd: '/' });
  expect(stdout).toMatch(/^HTTP\/1\.1 204 /);
  expect(line).toContain(key);
  demo.signal('SIGINT');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(existsSync(join(installed.folder, 'data'))).toBe(false);
});

/** The demo on free ports. */
async function startDemo(folder: string): Promise<{ demo: RunningCommand; port: number }> {
  const [port, adminPort, service] = await Promise.all([freePort(), freePort(), freePort()]);
  const demo = startCommand(['demo'], {
    main: main(),
    cwd: folder,
    env: {
      TOLLGATE_LISTEN: `0.0.0.0:${port}`,
      TOLLGATE_ADMIN: `127.0.0.1:${adminPort}`,
      NOTARIZATIONS_URL: `http://127.0.0.1:${service}`,
      JWKS_URL: `http://127.0.0.1:${service}/jwks`,
      DATABASE_URL: '',
    },
  });
  return { demo, port };
}

it('runs by npx: init, and then the demo, whose curl lines work beside the new file', async () => {
  const folder = await emptyFolder('npx');
  const { stdout } = await run('npx', ['--no', 'tollgate', 'init'], { cwd: folder });
  expect(stdout).toContain('config/gateway.yaml is written');
  const { demo } = await startDemo(folder);
  await demo.until(/config\/gateway\.yaml is for other services, so it runs the package's example/);
  const [token] = await demo.until(/export TOKEN=\S+/);
  const [line] = await demo.until(/curl [^\n]*notarizations\/stamps[^\n]*\$TOKEN"/);
  expect((await run('sh', ['-c', `${token}\n${line}`])).stdout).toMatch(/^HTTP\/1\.1 200 /);
  demo.signal('SIGINT');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
});

it('writes an initial file, which check accepts, and never overwrites one', async () => {
  const folder = await emptyFolder('empty init');
  const command = (...args: string[]) => run(process.execPath, [main(), ...args], { cwd: folder });
  await expect(command('check')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('tollgate init') as string,
  });
  expect((await command('init')).stdout).toContain('config/gateway.yaml is written');
  expect((await command('check')).stdout).toMatch(/expectations held/);
  const file = join(folder, 'config/gateway.yaml');
  await writeFile(file, '# mine\n');
  await expect(command('init')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('already exists') as string,
  });
  expect(await readFile(file, 'utf8')).toBe('# mine\n');
  await command('init', '-c', 'other/place.yaml');
  expect(existsSync(join(folder, 'other/place.yaml'))).toBe(true);
});
