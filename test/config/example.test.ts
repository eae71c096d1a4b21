import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { USUAL_TOKEN_TYPES } from '../../src/model/token-type.js';

const FILE = 'test/fixtures/config/example.yaml';
const { settings, expectations } = await loadConfig(FILE, {});

describe('a file with every key', () => {
  it('compiles to the settings of a gateway', () => {
    expect(settings).toMatchObject({
      source: FILE,
      listen: { host: '127.0.0.1', port: 8080, tls: undefined },
      admin: { host: '127.0.0.1', port: 8081, tls: undefined },
      console: {
        listen: { host: '127.0.0.1', port: 8082, tls: undefined },
        prefix: '/ops/console',
        name: 'Example',
      },
      trustProxy: ['10.0.0.0/8', '::1'],
      redis: {
        servers: { kind: 'single', address: { host: '127.0.0.1', port: 6379 }, db: 0 },
        timeoutMs: 250,
        keyPrefix: 'gate:',
      },
      client: { headerTimeoutMs: 5000, bodyTimeoutMs: 6000, keepAliveMs: 7000, maxConnections: 1000 },
      log: {
        level: 'warn',
        file: resolve('test/fixtures/config/gate.log'),
        pretty: false,
        access: 'failures',
      },
      metrics: { byApp: true },
      tracing: {
        url: 'http://127.0.0.1:4318/v1/traces',
        service: 'edge',
        sample: 0.1,
        headers: [['x-tenant', 'one']],
      },
      drainTimeoutMs: 5000,
      allowSemicolon: true,
      maxLimitKeys: 5000,
      onFailure: 'open',
      limitHeaders: 'draft',
      limitStatus: '/limits',
      tokenCacheSize: 77,
      jwksMaxAgeMs: 300_000,
      jwksMaxStaleMs: 172_800_000,
      jwksCache: resolve('test/fixtures/config/cache'),
      workers: 'auto',
      maxInFlight: 500,
      cors: {
        origins: ['https://app.example'],
        subdomains: [{ prefix: 'https://', suffix: '.preview.example:8443' }],
        credentials: true,
        headers: ['Authorization'],
        maxAgeS: 3600,
      },
    });
  });

  it('has its issuers with their keys from a URL, a file or discovery', () => {
    expect(settings.issuers).toEqual([
      {
        name: 'token-project',
        iss: 'https://developers.token-project.eu',
        keys: { kind: 'url', url: 'https://developers.token-project.eu/jwks' },
        audience: ['https://developers.token-project.eu'],
        audienceClaim: ['aud'],
        algorithms: ['RS256'],
        claims: { app: [['sub']], scope: [['scope']] },
        tokenTypes: USUAL_TOKEN_TYPES,
        require: [],
        tokenFrom: [{ kind: 'authorization' }],
        forwardToken: false,
        requireExp: true,
        clockSkewMs: 30_000,
        grants: ['notarization:*', 'storage:*'],
      },
      {
        name: 'legacy',
        iss: undefined,
        keys: { kind: 'file', path: resolve('test/fixtures/config/legacy-jwks.json') },
        audience: undefined,
        audienceClaim: ['aud'],
        algorithms: ['RS256'],
        claims: { app: [['sub']], scope: [['scope']] },
        tokenTypes: USUAL_TOKEN_TYPES,
        require: [],
        tokenFrom: [{ kind: 'authorization' }],
        forwardToken: false,
        requireExp: false,
        clockSkewMs: 30_000,
        grants: ['*'],
      },
      {
        name: 'discovered',
        iss: 'http://localhost:7000/realms/one',
        keys: { kind: 'discovery', issuer: 'http://localhost:7000/realms/one' },
        audience: ['gate', 'other gate'],
        audienceClaim: ['aud'],
        algorithms: ['ES256', 'PS512'],
        claims: { app: [['ext', 'client_id']], scope: [['scp']] },
        tokenTypes: USUAL_TOKEN_TYPES,
        require: [],
        tokenFrom: [{ kind: 'authorization' }],
        forwardToken: false,
        requireExp: true,
        clockSkewMs: 0,
        grants: ['sso'],
      },
    ]);
  });

  it('has its upstreams with their connection settings', () => {
    const [notarizations, storage] = settings.upstreams;
    expect(notarizations?.targets).toEqual([{ origin: 'http://127.0.0.1:9001', host: '127.0.0.1:9001' }]);
    expect(storage).toMatchObject({
      name: 'storage',
      targets: [
        { origin: 'https://storage.example:9443', host: 'storage.example:9443' },
        { origin: 'https://storage.example:9444', host: 'storage.example:9444' },
      ],
      balance: 'least-requests',
      health: {
        path: '/healthz',
        intervalMs: 3000,
        timeoutMs: 1000,
        unhealthyAfter: 3,
        healthyAfter: 1,
      },
      ejection: { failures: 3, cooldownMs: 5000, slowStartMs: 20_000 },
      breaker: { failureRate: 0.25, requests: 10, windowMs: 30_000, cooldownMs: 2000 },
      resolveEveryMs: 30_000,
      connectTimeoutMs: 1000,
      timeoutMs: 10_000,
      idleTimeoutMs: 20_000,
      tunnelIdleMs: 7_200_000,
      retries: 0,
      maxConnections: 32,
      forwardAuthorization: false,
      host: 'preserve',
      headers: { set: [['X-Env', 'prod']], claims: [['X-User-Email', 'email']], remove: ['x-internal'] },
      identityFields: ['x-user-email'],
      tls: { serverName: 'storage.internal', insecure: false },
    });
    expect(storage?.tls.ca).toContain('BEGIN CERTIFICATE');
  });

  it('has its routes with their lines, paths, scopes and limits', () => {
    const [stamps, stamp, files, status] = settings.routes;
    expect(stamps).toMatchObject({
      match: 'GET /notarizations/stamps',
      line: 74,
      methods: new Set(['GET']),
      path: [
        { kind: 'literal', text: 'notarizations' },
        { kind: 'literal', text: 'stamps' },
      ],
      access: {
        kind: 'scoped',
        requirement: { mode: 'all', scopes: ['notarization:read'] },
        issuers: undefined,
      },
      limits: [{ requests: 10, windowMs: 120_000, by: 'app', share: undefined }],
      onFailure: 'open',
      upstream: settings.upstreams[0],
      rewrite: undefined,
      maxBodyBytes: 10_485_760,
      allowEncodedSlash: false,
      cors: settings.cors,
    });
    expect(stamp).toMatchObject({
      line: 78,
      methods: new Set(['GET', 'POST']),
      access: {
        requirement: { mode: 'any', scopes: ['notarization:write', 'sso'] },
        issuers: new Set(['token-project', 'discovered']),
      },
      limits: [
        { requests: 10, windowMs: 120_000 },
        { requests: 1000, windowMs: 86_400_000, name: 'daily' },
      ],
      onFailure: 'closed',
    });
    expect(stamp?.path[1]).toEqual({ kind: 'parameter', name: 'id' });
    expect(files).toMatchObject({
      methods: 'any',
      path: [
        { kind: 'literal', text: 'files' },
        { kind: 'rest', name: 'path' },
      ],
      access: { requirement: { mode: 'all', scopes: ['storage:read', 'sso'] }, issuers: new Set(['legacy']) },
      limits: [{ requests: 10 }],
      rewrite: [
        { kind: 'literal', text: 'v1' },
        { kind: 'placeholder', name: 'path' },
      ],
      maxBodyBytes: 524_288,
      allowEncodedSlash: true,
      cors: {
        origins: ['*'],
        subdomains: [],
        credentials: false,
        headers: ['Authorization', 'Content-Type'],
        maxAgeS: 600,
      },
    });
    expect(status).toMatchObject({ access: { kind: 'public' }, limits: [] });
    expect(status?.path.map((segment) => 'text' in segment && segment.text)).toEqual(['status', '@here', '']);
  });

  it('has the rules in shadow of a route apart from those in force', () => {
    const reports = settings.routes.at(-1);
    expect(reports).toMatchObject({
      access: { requirement: { mode: 'all', scopes: [] } },
      require: undefined,
      limits: [{ requests: 100 }],
      shadow: {
        access: { requirement: { mode: 'all', scopes: ['reports:read'] } },
        require: [{ name: 'org_id', test: 'is', parameter: 'org' }],
        limits: [{ requests: 10, windowMs: 120_000 }],
        onFailure: 'open',
      },
    });
  });

  it('has its cases with their places, by the method of their route if they name none', () => {
    const [, stamp, files] = settings.routes;
    expect(expectations).toEqual([
      {
        route: stamp,
        line: 85,
        column: 9,
        method: 'POST',
        host: 'gateway.example',
        path: '/notarizations/7/stamps',
        claims: {},
        scopes: ['notarization:*'],
        status: 200,
      },
      {
        route: stamp,
        line: 86,
        column: 9,
        method: 'GET',
        host: 'gateway.example',
        path: '/notarizations/7/stamps',
        claims: {},
        scopes: ['storage:read'],
        status: 403,
      },
      {
        route: files,
        line: 96,
        column: 9,
        method: 'GET',
        host: 'gateway.example',
        path: '/files/a',
        scopes: undefined,
        claims: {},
        status: 401,
      },
    ]);
  });
});
