/** The environment of the stacks for one scenario: upstream, Redis and issuer. */
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenario } from '../scenario.js';
import type { Stack } from '../stacks/stacks.js';
import type { StackContext } from '../stacks/context.js';
import { AUDIENCE, ISSUER, startIssuer, type TestIssuer } from './issuer.js';
import { fillRedis, startRedis, type RedisChild } from './redis.js';
import { startUpstream, type Upstream } from './upstream.js';

export interface Environment {
  readonly folder: string;
  readonly upstream: Upstream;
  readonly redis: RedisChild;
  readonly issuer: TestIssuer;
  readonly context: StackContext;
  /** One token a line, of one app each. */
  readonly tokensFile: string;
  /** An empty file. */
  readonly noTokensFile: string;
  /** Undefined if requests have no body. */
  readonly uploadFile: string | undefined;
  /** The body of each kind of response. */
  readonly bodyFiles: Readonly<Record<Stack['responses'], string>>;
}

/** What has been started, ended in the reverse order in any case. */
export class Started {
  private readonly ends: (() => Promise<void> | void)[] = [];

  add<T extends { stop(): Promise<void> | void }>(thing: T): T {
    this.ends.push(() => thing.stop());
    return thing;
  }

  async stop(): Promise<void> {
    for (let end = this.ends.pop(); end; end = this.ends.pop()) await end();
  }
}

const NO_TOKEN = 'You must specify a Bearer token in the Authorization header to access this resource';

function refusal(code: number, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

export async function setUpEnvironment(scenario: Scenario, started: Started): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  started.add({
    stop() {
      process.off('exit', remove);
      remove();
    },
  });
  const upstream = started.add(await startUpstream(folder, scenario.body, scenario.uploadBytes > 0));
  const redis = started.add(await startRedis(folder));
  const issuer = started.add(await startIssuer());
  const scopes = ['notarization:read', 'notarization:write', 'storage:read'];
  const apps = Array.from({ length: scenario.apps }, (_, i) => `app-${String(i).padStart(4, '0')}`);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  if (scenario.keys > 0) await fillRedis(redis.url, scenario.keys);
  const context: StackContext = {
    upstream: upstream.origin,
    jwks: issuer.jwks,
    issuer: ISSUER,
    audience: AUDIENCE,
    scope: scenario.scope,
    path: scenario.path,
    limit: scenario.limit,
    redis: redis.url,
  };
  return {
    folder,
    upstream,
    redis,
    issuer,
    context,
    tokensFile: await write('tokens', apps.map((app) => issuer.sign(app, scopes)).join('\n')),
    noTokensFile: await write('no-tokens', ''),
    uploadFile:
      scenario.uploadBytes > 0 ? await write('upload', 'x'.repeat(scenario.uploadBytes)) : undefined,
    bodyFiles: {
      forwarded: await write('body', scenario.body),
      exhausted: await write(
        'body-429',
        refusal(88, 'Rate limit exceeded: at most 1 request per 1d for each app'),
      ),
      tokenless: await write('body-401', refusal(215, NO_TOKEN)),
    },
  };
}
