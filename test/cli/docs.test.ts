/** The pages about commands show what the commands print. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockAfter } from '../support/docs-block.js';
import { runHere } from '../support/run-command.js';
import { freePort } from '../support/redis.js';
import { createSigningKey } from '../support/tokens.js';

const PAGE = 'docs/check.md';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-pages-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('docs/commands.md is what npm run commands makes of the table of commands', () => {
  const made = execFileSync(process.execPath, ['scripts/commands-page.js'], { encoding: 'utf8' });
  expect(readFileSync('docs/commands.md', 'utf8')).toBe(made);
});

describe('docs/check.md', () => {
  it('shows the warnings and the summary of its file', async () => {
    await writeFile(join(folder, 'shop.yaml'), `${blockAfter(PAGE, '## Warnings and summary', 'yaml')}\n`);
    const { code, stdout, stderr } = await runHere(['check', '-c', 'shop.yaml'], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toBe(`${blockAfter(PAGE, 'prints the warnings on standard error')}\n`);
    const summary = stdout.split('\n', 1)[0]!;
    expect(readFileSync(PAGE, 'utf8')).toContain(`\`\`\`\n${stdout}\`\`\`\n`);
    expect(summary).toContain('5 warnings');
  });

  it('shows the lines of --online, with other ports and times', async () => {
    const jwks = JSON.stringify({ keys: [createSigningKey().jwk, createSigningKey().jwk] });
    const servers = await Promise.all([
      listen(() => undefined),
      listen((_request, response) => void response.end(jwks)),
    ]);
    const [target, issuer] = servers.map((server) => String((server.address() as AddressInfo).port));
    const ports = {
      9001: target!,
      9002: issuer!,
      9003: String(await freePort()),
      6390: String(await freePort()),
    };
    let file = blockAfter(PAGE, '## Online', 'yaml');
    for (const [shown, used] of Object.entries(ports)) file = file.replaceAll(`:${shown}`, `:${used}`);
    await writeFile(join(folder, 'online.yaml'), file);
    const { code, stdout } = await runHere(['check', '--online', '-c', 'online.yaml'], { cwd: folder });
    for (const server of servers) server.close();
    expect(code).toBe(1);
    let lines = stdout.split('\n\n').at(-1)!;
    for (const [shown, used] of Object.entries(ports)) lines = lines.replaceAll(`:${used}`, `:${shown}`);
    expect(comparable(lines)).toBe(comparable(`${blockAfter(PAGE, 'These lines follow the summary')}\n`));
  });
});

/** Other ports have other widths. */
function comparable(lines: string): string {
  return lines.replaceAll(/ {2,}/g, '  ').replaceAll(/\d+ ms/g, 'n ms');
}

async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
