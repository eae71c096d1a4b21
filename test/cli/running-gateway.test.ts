/** What `tollgate explain` asks of a running gateway, and what it says where it cannot ask. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Serving } from '../../src/app/serve.js';
import { explainByGateway, findRefusal, type GatewayQuestion } from '../../src/cli/running-gateway.js';
import { loadConfig } from '../../src/config/config.js';
import { UsageError } from '../../src/cli/command.js';
import type { Settings } from '../../src/model/settings.js';
import { ADMIN_TOKEN } from '../support/gate.js';
import { createAuthority, type Authority } from '../support/certificates.js';

const ENV = { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN };
const REQUEST = {
  method: 'GET',
  target: '/public?a=b',
  host: 'api.test',
  headers: ['X-A', 'b'],
  peer: '::1',
};

let folder: string;
const gates: Serving[] = [];
const servers: (Server | TcpServer)[] = [];
let files = 0;
let authority: Authority;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-running-'));
  authority = createAuthority();
});
afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.stop()));
  for (const server of servers) server.close();
  authority.close();
  await rm(folder, { recursive: true });
});

interface Running {
  readonly settings: Settings;
  readonly gate: Serving;
  readonly port: number;
}

/** A gateway, and the settings of its file as the command reads them: with the port that it got. */
async function run(admin: unknown = '127.0.0.1:0'): Promise<Running> {
  const file = join(folder, `gateway-${(files += 1)}.yaml`);
  const config = {
    listen: '127.0.0.1:0',
    admin,
    jwks_cache: false,
    drain_timeout: '1s',
    log: { level: 'silent' },
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /public', upstream: 'service', public: true }],
  };
  await writeFile(file, JSON.stringify(config));
  const { settings } = await loadConfig(file, {});
  const gate = await serve({ started: settings, load: () => Promise.resolve(settings), env: ENV });
  gates.push(gate);
  const { port } = gate.adminAddress;
  return { settings: { ...settings, admin: { ...settings.admin!, port } }, gate, port };
}

const questionOf = ({ settings }: Running, more: Partial<GatewayQuestion> = {}): GatewayQuestion => ({
  ...{ admin: undefined, settings, env: ENV },
  ...more,
});

/** Settings whose admin address is another port. */
function at({ settings }: Running, port: number): Settings {
  return { ...settings, admin: { ...settings.admin!, port } };
}

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

let plain: Running;
beforeAll(async () => {
  plain = await run();
});

describe('a running gateway', () => {
  it('explains the request, asked at the admin address of the file', async () => {
    expect(await explainByGateway(REQUEST, questionOf(plain))).toMatchObject({
      verdict: 'forward',
      route: 'GET /public',
      request: { host: 'api.test', client_ip: '::1' },
    });
  });

  it('is asked on loopback where the file says all addresses', async () => {
    for (const host of ['0.0.0.0', '[::]']) {
      const all = await run(`${host}:0`);
      expect(await explainByGateway(REQUEST, questionOf(all))).toMatchObject({ verdict: 'forward' });
    }
  });

  it("is asked over TLS where the file says so, with the file's own certificate or a trusted one", async () => {
    const { certFile: cert, keyFile: key } = authority.issue('gateway', 'DNS:gateway.internal');
    const secure = await run({ listen: { host: '127.0.0.1', port: 0, tls: { cert, key } } });
    expect(await explainByGateway(REQUEST, questionOf(secure))).toMatchObject({ verdict: 'forward' });

    const { cert: other } = authority.issue('other', 'DNS:gateway.internal');
    const { admin } = secure.settings;
    const settings = { ...secure.settings, admin: { ...admin!, tls: { ...admin!.tls!, cert: other } } };
    expect(await explainByGateway(REQUEST, questionOf(secure, { settings }))).toBe(
      `no gateway responds at https://127.0.0.1:${secure.port} (its certificate is not trusted)`,
    );
  });

  it('does not get the credential before its certificate was checked', async () => {
    const received: Buffer[] = [];
    const { cert, key } = authority.issue('false', 'DNS:gateway.internal');
    const { createServer: createTls } = await import('node:tls');
    const server = createTls({ cert, key }, (socket) =>
      socket.on('data', (bytes: Buffer) => received.push(bytes)),
    );
    const port = await listening(server);
    const admin = `https://127.0.0.1:${port}`;
    await expect(explainByGateway(REQUEST, questionOf(plain, { admin }))).rejects.toThrow(
      'its certificate is not trusted',
    );
    expect(received).toEqual([]);
  });

  it('is asked with --admin whatever its file is, and without --admin only about its own', async () => {
    const settings = { ...plain.settings, sourceDigest: 'f'.repeat(64) };
    const admin = `http://localhost:${plain.port}/`;
    expect(await explainByGateway(REQUEST, questionOf(plain, { settings, admin }))).toMatchObject({
      verdict: 'forward',
    });
    expect(await explainByGateway(REQUEST, questionOf(plain, { admin, settings: undefined }))).toMatchObject({
      verdict: 'forward',
    });
    expect(await explainByGateway(REQUEST, questionOf(plain, { settings }))).toBe(
      `the gateway at http://127.0.0.1:${plain.port} runs another configuration than this file`,
    );
  });
});

describe('where it cannot be asked, the reason is one sentence, an error with --admin', () => {
  const cases: [string, () => Promise<[Partial<GatewayQuestion>, number]>, RegExp][] = [
    [
      'nothing listens',
      async () => [{}, await closedPort()],
      /^no gateway responds at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/,
    ],
    [
      'there is no credential',
      async () => Promise.resolve([{ env: { TOLLGATE_DATA: join(folder, 'none') } }, plain.port]),
      /^there is no administrator's credential: neither TOLLGATE_ADMIN_TOKEN nor .*none\/admin-token$/,
    ],
    [
      'the credential is too short',
      async () => Promise.resolve([{ env: { TOLLGATE_ADMIN_TOKEN: 'short' } }, plain.port]),
      /^TOLLGATE_ADMIN_TOKEN must have at least 24 characters/,
    ],
    [
      'the credential is wrong',
      async () => Promise.resolve([{ env: { TOLLGATE_ADMIN_TOKEN: 'wrong'.repeat(8) } }, plain.port]),
      /^the gateway at http:\/\/127\.0\.0\.1:\d+ does not accept the credential$/,
    ],
    [
      'something else listens',
      async () => [{}, await listening(createServer((_req, res) => res.end('hello')))],
      /^http:\/\/127\.0\.0\.1:\d+ responds with 200$/,
    ],
    [
      'the gateway has no such path',
      async () => [{}, await listening(createServer((_req, res) => res.writeHead(404).end()))],
      /^the gateway at http:\/\/127\.0\.0\.1:\d+ has no \/api$/,
    ],
    [
      'it closes the connection',
      async () => [{}, await listening(createTcpServer((socket) => socket.destroy()))],
      /^no gateway responds at .* \((ECONNRESET|EPIPE)\)$/,
    ],
    [
      'it does not speak HTTP',
      async () => [{}, await listening(createTcpServer((socket) => socket.end('SSH-2.0\r\n')))],
      /^no gateway responds at .* \(HPE_[A-Z_]+\)$/,
    ],
    [
      'its response does not end',
      async () => [
        {},
        await listening(
          createServer((_req, res) => {
            res.write('x'.repeat(5 * 1024 * 1024));
          }),
        ),
      ],
      /^no gateway responds at .* \(the response is too large\)$/,
    ],
  ];

  it.each(cases)('%s', async (_what, prepare, message) => {
    const [more, port] = await prepare();
    const settings = at(plain, port);
    const reason = await explainByGateway(REQUEST, questionOf(plain, { settings, ...more }));
    expect(reason).toMatch(message);
    const question = questionOf(plain, { ...more, admin: `http://127.0.0.1:${port}` });
    const error: unknown = await explainByGateway(REQUEST, question).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  });

  it('the connection is not ready within 2 s', { timeout: 15_000 }, async () => {
    // It accepts connections, and never begins with TLS.
    const admin = `https://127.0.0.1:${await listening(createTcpServer())}`;
    const begun = performance.now();
    await expect(explainByGateway(REQUEST, questionOf(plain, { admin }))).rejects.toThrow(
      `no gateway responds at ${admin} (no connection within 2 s)`,
    );
    expect(performance.now() - begun).toBeGreaterThan(1900);
  });

  it('the file has no fixed port', async () => {
    expect(await explainByGateway(REQUEST, questionOf(plain, { settings: at(plain, 0) }))).toBe(
      'the file has no fixed port in "admin"',
    );
  });

  it('a credential that others can read is not used, and none is ever made', async () => {
    const file = join(folder, 'admin-token');
    await writeFile(file, ADMIN_TOKEN, { mode: 0o600 });
    const question = questionOf(plain, { env: { TOLLGATE_DATA: folder } });
    expect(await explainByGateway(REQUEST, question)).toMatchObject({ verdict: 'forward' });
    await chmod(file, 0o644);
    expect(await explainByGateway(REQUEST, question)).toMatch(/: chmod 600 /);
    await expect(stat(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  it.each(['127.0.0.1:8081', 'ftp://127.0.0.1', 'http://127.0.0.1:8081/api', 'http://user@127.0.0.1', ''])(
    '--admin %s is wrong usage',
    async (admin) => {
      await expect(explainByGateway(REQUEST, questionOf(plain, { admin }))).rejects.toThrow(
        new UsageError('--admin must be a URL such as http://127.0.0.1:8081'),
      );
    },
  );
});

describe('the decision of a refusal', () => {
  it('is found by its id, also an id that is not a token', async () => {
    const headers = { 'x-request-id': '../../etc?x=1#y%zz' };
    const response = await fetch(`http://127.0.0.1:${plain.gate.address.port}/nowhere`, { headers });
    for (const id of [response.headers.get('x-request-id')!, headers['x-request-id']]) {
      expect(await findRefusal(id, questionOf(plain))).toMatchObject({ status: 404, reason: 'no_route' });
    }
  });

  it.each(['unknown', '../explain', 'a\u0000b', 'x'.repeat(3000), '__proto__'])(
    'that is not kept is an error that says so: %j',
    async (id) => {
      await expect(findRefusal(id, questionOf(plain))).rejects.toThrow(
        new UsageError(
          `the gateway at http://127.0.0.1:${plain.port} keeps no refusal with this id; it keeps the last 1,000, until it restarts`,
        ),
      );
    },
  );

  it('needs an id', async () => {
    await expect(findRefusal('', questionOf(plain))).rejects.toThrow(
      new UsageError('--request needs the X-Request-Id of a response'),
    );
  });

  it('of a gateway that does not respond is an error, without --admin too', async () => {
    const settings = at(plain, await closedPort());
    await expect(findRefusal('id', questionOf(plain, { settings }))).rejects.toThrow(/^no gateway responds/);
  });
});
