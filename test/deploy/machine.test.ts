/** deploy/systemd, deploy/pm2 and deploy/nginx: what starts, stops and confines the gateway on a machine, and a proxy before it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const UNIT = 'deploy/systemd/tollgate.service';
const text = readFileSync(UNIT, 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

/** All values of a key, in their order. */
const values = (key: string): string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!);

const folder = mkdtempSync(join(tmpdir(), 'tollgate-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The unit with programs that exist on this machine. */
function unitHere(): string {
  const main = join(folder, 'main.js');
  writeFileSync(main, '');
  const path = join(folder, 'tollgate.service');
  writeFileSync(path, text.replace(/^ExecStart=\S+ \S+/m, `ExecStart=${process.execPath} ${main}`));
  return path;
}

describe('the unit', () => {
  it('ends the main process alone, with more time than drain_timeout, and reloads by SIGHUP', () => {
    expect(values('KillMode')).toEqual(['mixed']);
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThanOrEqual(35);
    expect(values('ExecReload')[0]).toMatch(/kill -HUP \$MAINPID$/);
    expect(values('KillSignal')).toEqual([]);
  });

  it('writes to its state directory alone, as a user without rights', () => {
    expect(values('User')).toEqual(['tollgate']);
    expect(values('ProtectSystem')).toEqual(['strict']);
    expect(values('ReadWritePaths')).toEqual([]);
    expect(values('StateDirectory')).toEqual(['tollgate']);
    expect(values('Environment')[0]).toContain('TOLLGATE_DATA=/var/lib/tollgate');
    expect(values('CapabilityBoundingSet')).toEqual(['']);
    expect(values('NoNewPrivileges')).toEqual(['yes']);
  });

  it('names what a port below 1024 needs: the capability, and no user namespace, in which it would have no effect', () => {
    const proposed = [...text.matchAll(/^#(\w+=.*)$/gm)].map(([, line]) => line);
    expect(proposed).toEqual([
      'AmbientCapabilities=CAP_NET_BIND_SERVICE',
      'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
      'PrivateUsers=no',
    ]);
    const page = readFileSync('docs/deployment.md', 'utf8');
    expect(page).toContain(`\`\`\`ini\n[Service]\n${proposed.join('\n')}\n\`\`\``);
  });

  it('allows what Node needs: executable memory, and the system calls of a service', () => {
    expect(values('MemoryDenyWriteExecute')).toEqual([]);
    expect(values('SystemCallFilter')[0]).toBe('@system-service');
    expect(values('SystemCallErrorNumber')).toEqual(['EPERM']);
  });
});

describe.runIf(hasSystemd)('systemd', () => {
  it('finds no mistake in the unit', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitHere()], {
      encoding: 'utf8',
    });
    // Other units of the machine have mistakes of their own.
    const own = stderr.split('\n').filter((line) => line.includes('tollgate'));
    expect({ status, own }).toEqual({ status: 0, own: [] });
  });

  it('would find an unknown key', () => {
    const path = unitHere();
    writeFileSync(path, readFileSync(path, 'utf8').replace('[Service]', '[Service]\nProtectSytem=strict'));
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    expect(stderr).toMatch(/tollgate\.service:\d+: Unknown key (name )?'ProtectSytem'/);
  });

  it('rates its exposure below 2 of 10', () => {
    const path = join(folder, 'root/etc/systemd/system/tollgate.service');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(folder, 0o755);
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', '--no-pager', path],
      { encoding: 'utf8' },
    );
    expect({ status, rating: /Overall exposure level.*/.exec(stdout)?.[0] }).toMatchObject({ status: 0 });
  });
});

describe('the file for pm2', () => {
  const { apps } = createRequire(import.meta.url)('../../deploy/pm2/ecosystem.config.cjs') as {
    apps: Record<string, unknown>[];
  };

  it('starts one process in fork mode, and waits for the drain', () => {
    expect(apps).toHaveLength(1);
    expect(apps[0]).toMatchObject({ exec_mode: 'fork', instances: 1, watch: false });
    expect(apps[0]!['kill_timeout']).toBeGreaterThanOrEqual(35_000);
  });

  it('starts the command of the package', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { tollgate: string } };
    expect(apps[0]!['script']).toBe(`node_modules/tollgate/${bin.tollgate}`);
    expect(values('ExecStart')[0]).toContain(`/opt/tollgate/node_modules/tollgate/${bin.tollgate} start`);
  });
});

describe('the file for nginx', () => {
  const conf = readFileSync('deploy/nginx/tollgate.conf', 'utf8');

  it('sets or removes each field that the gateway trusts from a proxy', () => {
    const set = [...conf.matchAll(/^ *proxy_set_header (\S+) /gm)].map(([, name]) => name!.toLowerCase());
    expect(set).toEqual(
      expect.arrayContaining([
        'host',
        'x-forwarded-for',
        'x-forwarded-proto',
        'x-forwarded-host',
        'x-forwarded-port',
        'x-forwarded-prefix',
        'x-real-ip',
        'x-request-id',
        'forwarded',
      ]),
    );
  });

  it('passes the path on unchanged, and closes idle connections before the gateway does', () => {
    expect(conf).toMatch(/^ *proxy_pass http:\/\/\w+;$/m);
    expect(Number(/keepalive_timeout (\d+)s/.exec(conf)?.[1])).toBeLessThan(60);
  });
});
