/** A small valid file to put mistakes into, and the result of loading it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, loadConfig, type LoadedConfig } from '../../src/config/config.js';

export const VALID = `issuers:
  main: {issuer: "https://i.example", audience: a, jwks: "https://i.example/jwks"}
upstreams:
  api: http://127.0.0.1:9001
routes:
  - match: GET /a
    upstream: api
    scope: a:read
`;

const FIXTURES = resolve('test/fixtures/config');

/** Loads a file of this text; `${FIXTURES}` in it is the fixtures' folder. */
export async function load(text: string, env: Record<string, string> = {}): Promise<LoadedConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  try {
    return await loadConfig(file, { FIXTURES, ...env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every problem of the text as `line:column: what`; none where it is valid. */
export async function problemsOf(text: string, env?: Record<string, string>): Promise<string[]> {
  try {
    await load(text, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, text: words }) => {
      const told = words.replaceAll(FIXTURES, 'fixtures').replace(/\S*planted-\w+/, 'folder');
      return `${line}:${column}: ${told}`;
    });
  }
}

/** The valid file with one text replaced, which must be in it. */
export function planted(from: string, to: string): string {
  if (!VALID.includes(from)) throw new Error(`the valid file has no ${from}`);
  return VALID.replace(from, () => to);
}

/** The valid file with something before its routes' end: more keys of its route. */
export const onRoute = (lines: string): string => `${VALID}    ${lines}\n`;

/** The valid file with more keys at its top, on its first line. */
export const onTop = (lines: string): string => `${lines}\n${VALID}`;

/** The valid file with its issuer's keys in place of `jwks`, its upstream, its match or its access replaced. */
export const issuerWith = (keys: string): string => planted('jwks: "https://i.example/jwks"', keys);
export const upstreamOf = (value: string): string => planted('http://127.0.0.1:9001', value);
export const matchOf = (value: string): string => planted('GET /a', value);
export const accessOf = (keys: string): string => planted('scope: a:read', keys);
/** The valid file with one more route. */
export const withRoute = (route: string): string => `${VALID}  - ${route}\n`;
