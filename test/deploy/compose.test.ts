/** deploy/compose: the file is consistent, nothing is open that should not be, and what it mounts is valid. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkedSettings } from '../support/deploy.js';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly ports?: string[];
  readonly volumes?: string[];
  readonly environment?: Record<string, string>;
  readonly depends_on?: string[] | Record<string, { condition: string }>;
  readonly healthcheck?: { test?: string[]; disable?: boolean };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: string[];
}

const FOLDER = 'deploy/compose';
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const text = read('compose.yaml');
const { services, volumes: named } = parse(text, { merge: true, strict: true }) as {
  services: Record<string, Service>;
  volumes: object;
};
const all = Object.entries(services);

/** A value for each variable of .env.example. */
const SECRETS = Object.fromEntries(
  [...read('.env.example').matchAll(/^(\w+)=$/gm)].map(([, name]) => [name!, `${name!.toLowerCase()}x24`]),
);

/** Whether the client has its plug-in; Debian's docker-compose reads an older form. */
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

describe('compose.yaml', () => {
  it('has two gateways of one image and one file, and what they need', () => {
    expect(Object.keys(services)).toEqual([
      'gateway-1',
      'gateway-2',
      'sample',
      'redis',
      'postgres',
      'prometheus',
      'grafana',
    ]);
    // They differ by their port and their volume alone.
    const { image, build, environment, depends_on, stop_grace_period, volumes } = services['gateway-1']!;
    expect(services['gateway-2']).toMatchObject({ image, build, environment, depends_on, stop_grace_period });
    expect(services['gateway-2']!.volumes![0]).toBe(volumes![0]);
  });

  it('mounts only files and volumes that exist, and waits only for services that report their health', () => {
    for (const [name, { volumes: mounts = [], depends_on: needed = [], build }] of all) {
      for (const source of mounts.map((mount) => mount.split(':')[0]!)) {
        const exists = source.startsWith('.')
          ? existsSync(join(FOLDER, source))
          : Object.hasOwn(named, source);
        expect({ name, source, exists }).toEqual({ name, source, exists: true });
      }
      if (build !== undefined) expect(existsSync(join(FOLDER, build, 'Dockerfile'))).toBe(true);
      for (const each of Array.isArray(needed) ? [] : Object.keys(needed)) {
        expect(services[each]!.healthcheck?.test, each).toBeDefined();
      }
    }
  });

  it('publishes ports of this machine alone, and no admin port, Redis or database', () => {
    const published = all.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(published).toEqual([
      'gateway-1 127.0.0.1:8080:8080',
      'gateway-2 127.0.0.1:8090:8080',
      'prometheus 127.0.0.1:9090:9090',
      'grafana 127.0.0.1:3000:3000',
    ]);
  });

  it('takes each secret from .env, and has none itself', () => {
    const names = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!));
    names.delete('TOLLGATE_IMAGE');
    expect([...names].sort()).toEqual(Object.keys(SECRETS).sort());
    for (const [, { environment = {} }] of all) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|TOKEN|AUTH/.test(name)) expect(value).toMatch(/^\$\{\w+(:\?[\w .]+)?\}$/);
      }
    }
  });

  it('names a version of each image that it does not build', () => {
    const unnamed = all.filter(([, { image, build }]) => build === undefined && !/:v?\d/.test(image));
    expect(unnamed).toEqual([]);
  });

  it('runs all but the database with a read-only image and without capabilities', () => {
    const open = all.filter(([, service]) => !service.read_only || !service.cap_drop?.includes('ALL'));
    expect(open.map(([name]) => name)).toEqual(['postgres']);
  });
});

describe('the files that it mounts', () => {
  it('are a gateway file that check accepts, and whose cases hold', async () => {
    const settings = await checkedSettings(read('gateway.yaml'), SECRETS, { mayWarn: true });
    expect(settings.admin).toMatchObject({ host: '0.0.0.0', port: 8081, hosts: ['gateway-1', 'gateway-2'] });
    const seconds = Number.parseInt(services['gateway-1']!.stop_grace_period ?? '0', 10);
    expect(seconds * 1000).toBeGreaterThanOrEqual(settings.drainTimeoutMs + 5000);
  });

  it('let Prometheus scrape the admin port by names that it accepts', () => {
    const { scrape_configs: jobs } = parse(read('prometheus.yml')) as {
      scrape_configs: { metrics_path?: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = jobs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    expect(targets).toEqual(['gateway-1:8081', 'gateway-2:8081']);
    expect(targets.every((target) => Object.hasOwn(services, target.split(':')[0]!))).toBe(true);
  });

  it('give Grafana the Prometheus of this file', () => {
    const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { url: string }[];
    };
    expect(datasources.map(({ url }) => new URL(url).hostname)).toEqual(['prometheus']);
  });

  it('give Grafana the dashboard, where it looks for dashboards', () => {
    const { providers } = parse(read('grafana/provisioning/dashboards/tollgate.yaml')) as {
      providers: { type: string; options: { path: string } }[];
    };
    const mounts = services['grafana']!.volumes!.map((mount) => mount.split(':'));
    const [source] = mounts.find(([, target]) => target === providers[0]!.options.path) ?? [];
    expect(existsSync(join(FOLDER, source!, 'tollgate.json'))).toBe(true);
  });
});

describe.runIf(hasCompose)('the client of Compose', () => {
  it('accepts compose.yaml with the variables of .env.example, and refuses it without them', () => {
    const config = (env: object): number | null =>
      spawnSync('docker', ['compose', '--file', 'compose.yaml', 'config'], {
        cwd: FOLDER,
        env: { PATH: process.env['PATH'], ...env },
      }).status;
    expect(config(SECRETS)).toBe(0);
    expect(config({})).not.toBe(0);
  });
});
