/** A Prometheus of a test's own, and promtool. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './redis.js';
import { until } from './until.js';

/** Whether the global setup has found the programs. */
export const hasPrometheus = process.env['TOLLGATE_PROMTOOL'] !== undefined;

/** Runs promtool. @returns its exit code, and all that it prints */
export function promtool(args: readonly string[], input?: string): { code: number | null; output: string } {
  const program = process.env['TOLLGATE_PROMTOOL'] ?? 'promtool';
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input });
  return { code: status, output: `${stdout}${stderr}` };
}

/** One sample of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One alert that is pending or fires. */
export interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface OwnPrometheus {
  readonly url: string;
  /** @throws Error with what Prometheus says about the query */
  query(expression: string): Promise<Sample[]>;
  alerts(): Promise<ActiveAlert[]>;
  /** What is wrong with the rules, as they are evaluated. */
  ruleErrors(): Promise<string[]>;
  close(): Promise<void>;
}

export interface PrometheusOptions {
  /** Of each job, `host:port`. */
  readonly jobs: Readonly<Record<string, readonly string[]>>;
  /** A Prometheus duration, also the interval of the rules. */
  readonly interval: string;
  /** The text of a file of rules. */
  readonly rules?: string;
}

/** Starts one with its data in a temporary folder. It resolves when Prometheus has read its file. */
export async function startPrometheus({ jobs, interval, rules }: PrometheusOptions): Promise<OwnPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  if (rules !== undefined) await writeFile(join(folder, 'rules.yaml'), rules);
  await writeFile(
    file,
    stringify({
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: rules === undefined ? [] : ['rules.yaml'],
      scrape_configs: Object.entries(jobs).map(([name, targets]) => ({
        job_name: name,
        static_configs: [{ targets }],
      })),
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = process.env['TOLLGATE_PROMETHEUS'] ?? 'prometheus';
  const child = spawn(
    program,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOMAXPROCS: '1' } },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'exit');

  async function close(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${output}`);
    return isReady();
  }, 20_000).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    url,
    async query(expression) {
      const { result } = await ask<{ result: { metric: Sample['metric']; value: [number, string] }[] }>(
        `${url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async alerts() {
      return (await ask<{ alerts: ActiveAlert[] }>(`${url}/api/v1/alerts`)).alerts;
    },
    async ruleErrors() {
      const { groups } = await ask<{
        groups: { rules: { name: string; health: string; lastError?: string }[] }[];
      }>(`${url}/api/v1/rules`);
      const bad = groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok');
      return bad.map(({ name, health, lastError }) => `${name}: ${lastError ?? health}`);
    },
    close,
  };
}

async function ask<Data>(url: string): Promise<Data> {
  const response = await fetch(url);
  const body = (await response.json()) as { status: string; error?: string; data: Data };
  if (body.status !== 'success')
    throw new Error(`${body.error ?? response.statusText}: ${decodeURIComponent(url)}`);
  return body.data;
}
