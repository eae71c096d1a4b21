/** The workflow of GitHub Actions: what it tests, and that it can do no more than it needs. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Record<string, unknown>;
}

interface Job {
  readonly needs?: string[];
  readonly if?: string;
  readonly permissions?: Record<string, string>;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { matrix: Record<string, unknown> };
  readonly steps: Step[];
}

const FOLDER = '.github/workflows';
const text = readFileSync(`${FOLDER}/ci.yml`, 'utf8');
const workflow = parse(text, { strict: true }) as {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
};
const jobs = Object.entries(workflow.jobs);
const steps = jobs.flatMap(([, job]) => job.steps);
const PUBLISHING = ['publish-package', 'publish-image'];

describe('the workflow', () => {
  it('is the only one, and tests each supported version of Node', () => {
    expect(readdirSync(FOLDER)).toEqual(['ci.yml']);
    expect(workflow.jobs['test']?.strategy?.matrix).toEqual({ node: [20, 22, 24] });
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(engines.node).toMatch(/^>=20\./);
  });

  it('installs the programs of the tests that the runner lacks, since the tests install them as root alone', () => {
    const setups = readdirSync('test/support').filter((name) => name.endsWith('.global.ts'));
    const needed = setups.flatMap((name) => {
      const setup = readFileSync(`test/support/${name}`, 'utf8');
      return [...setup.matchAll(/'--no-install-recommends', '([\w-]+)'/g)].map(([, program]) => program!);
    });
    const ofTheRunner = ['chromium', 'nginx-light', 'postgresql'];
    const script = workflow.jobs['test']!.steps.map(({ run = '' }) => run).join('\n');
    const [, installed = ''] = /apt-get install --yes --no-install-recommends (.*)/.exec(script) ?? [];
    expect([...installed.split(' '), ...ofTheRunner].sort()).toEqual(needed.sort());
  });

  it('may read the code; only the publication of the package may ask for an identity', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const [name, { permissions }] of jobs) {
      const expected = { contents: 'read', ...(name === 'publish-package' && { 'id-token': 'write' }) };
      expect({ name, permissions: permissions ?? { contents: 'read' } }).toEqual({
        name,
        permissions: expected,
      });
    }
  });

  it('does not run for pull requests with the rights of the repository', () => {
    expect(Object.keys(workflow.on).sort()).toEqual(['pull_request', 'push']);
  });

  it('uses actions of GitHub and Docker alone, each with a major version, and keeps no credential in the checkout', () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter((name) => !/^(actions|docker)\/[\w-]+@v\d+$/.test(name))).toEqual([]);
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.every((step) => step.with?.['persist-credentials'] === false)).toBe(true);
  });

  it('puts nothing that a contributor writes into a shell', () => {
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
  });

  it('publishes a tag alone, after every other job', () => {
    const others = jobs.map(([name]) => name).filter((name) => !PUBLISHING.includes(name));
    for (const name of PUBLISHING) {
      const job = workflow.jobs[name]!;
      expect(job.if).toMatch(/^github\.ref_type == 'tag'/);
      expect(job.needs).toEqual(others);
    }
    expect(steps.filter(({ run }) => run?.includes('npm publish')).map(({ run }) => run)).toEqual([
      'npm publish --provenance --access public',
    ]);
    expect(text).toMatch(/provenance: mode=max/);
  });

  it('bounds the time of each job, and runs only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    for (const [name, job] of jobs) expect(job['timeout-minutes'], name).toBeLessThanOrEqual(60);
    const named = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
