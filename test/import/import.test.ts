import { describe, expect, it } from 'vitest';
import { importDocument, type Imported } from '../../src/import/import.js';
import { gateOf } from './gate.js';

const SCHEMES = {
  login: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.test/token', scopes: {} } } },
  second: {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: 'https://two.test/token', scopes: {} } },
  },
  key: { type: 'apiKey', in: 'header', name: 'X-Key' },
};

function imported(fields: object): Imported {
  const document = { openapi: '3.1.0', components: { securitySchemes: SCHEMES }, ...fields };
  return importDocument(Buffer.from(JSON.stringify(document)), 'openapi.json');
}

/** The scope of `GET /a` whose operation has this security. */
function scopeOf(security: unknown, fields: object = {}) {
  const [route] = imported({ ...fields, paths: { '/a': { get: { security } } } }).config.routes;
  return route?.public ?? route?.scope;
}

function matchesOf(paths: object, fields: object = {}): string[] {
  return imported({ ...fields, paths }).config.routes.map(({ match }) => match);
}

describe('The security of an operation', () => {
  it.each([
    [[], true],
    [[{}], true],
    [[{ login: ['r'] }], 'r'],
    [[{ login: ['r', 'w'] }], ['r', 'w']],
    [[{ login: ['r'] }, { login: ['w'] }], { any: ['r', 'w'] }],
    [[{}, { login: ['r'] }], 'r'],
    [[{ login: ['r', 'w'] }, { login: ['r'] }], 'r'],
    [
      [{ login: ['r', 'w'] }, { login: ['x'] }],
      ['r', 'w'],
    ],
    [[{ login: [] }], 'placeholder:login'],
    [[{ key: [] }], 'placeholder:key'],
    [[{ key: [] }, { login: ['r'] }], 'r'],
    [[{ key: [], login: ['r'] }], ['placeholder:key', 'r']],
    [[{ key: ['role'] }], ['role', 'placeholder:key']],
    [[{ second: ['r'] }], ['r', 'placeholder:second']],
    [[{ missing: ['r'] }], ['r', 'placeholder:missing']],
    [[{ login: ['two words'] }], 'placeholder:login'],
    [[{ login: ['${HOME}'] }], 'placeholder:login'],
    [[{ login: ['placeholder:key'] }], 'placeholder:login'],
    [[{ login: ['none'] }], ['none']],
    [[{ login: ['a,b'] }], ['a,b']],
    [[{ login: 'r' }], 'placeholder:unreadable'],
    ['none', 'placeholder:unreadable'],
    [null, 'placeholder:unreadable'],
    [[null], 'placeholder:unreadable'],
    [undefined, 'placeholder:unspecified'],
  ])('%j becomes %j', (security, scope) => {
    expect(scopeOf(security)).toEqual(scope);
  });

  it('is that of the document if it has none', () => {
    expect(scopeOf(undefined, { security: [{ login: ['all'] }] })).toBe('all');
    expect(scopeOf(undefined, { security: [] })).toBe(true);
  });

  it('has roles of a bearer token as scopes if no scheme names an issuer', () => {
    const components = { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } };
    expect(scopeOf([{ token: ['admin'] }], { components })).toBe('admin');
  });

  it('survives the text of the file: scopes that YAML would read as something else are quoted', async () => {
    const scopes = ['true', '1', '*', '#x', '{x', '- a', '&a', "it's", 'a:b', 'https://x.test/y', 'a:'];
    const paths = Object.fromEntries(
      scopes.map((scope, at) => [`/p${at}`, { get: { security: [{ login: [scope] }] } }]),
    );
    const { yaml } = imported({ paths });
    const gate = await gateOf(yaml);
    for (const [at, scope] of scopes.entries()) {
      const isScope = scope !== '- a';
      expect([scope, await gate.ask('GET', `/p${at}`, [scope.replace(' ', '')])]).toEqual([
        scope,
        isScope ? 200 : 403,
      ]);
      expect(await gate.ask('GET', `/p${at}`, ['other'])).toBe(403);
      expect(await gate.ask('GET', `/p${at}`)).toBe(401);
    }
    await gate.close();
  });
});

describe('The path of an operation', () => {
  it.each([
    ['/', 'GET /'],
    ['/a/', 'GET /a/'],
    ['/a/{order-id}/{b}', 'GET /a/{order_id}/{b}'],
    ['/{x}/{x}', 'GET /{x}/{x_2}'],
    ['/{1}', 'GET /{_1}'],
    ['/a b/ä', 'GET /a%20b/%C3%A4'],
    ['/@me/a:b', 'GET /@me/a:b'],
    ['/$metadata', 'GET /%24metadata'],
    ['/f()', 'GET /f%28%29'],
    ['/%61%20b', 'GET /%61%20b'],
  ])('%s becomes %s', async (path, match) => {
    const { yaml, config } = imported({ paths: { [path]: { get: { security: [] } } } });
    expect(config.routes.map((route) => route.match)).toEqual([match]);
    const gate = await gateOf(yaml);
    expect(await gate.ask('GET', encodeURI(path.replaceAll(/\{.*?\}/g, 'x')).replaceAll('%25', '%'))).toBe(
      200,
    );
    await gate.close();
  });

  it.each([
    ['/a/{x}.json', 'whole placeholder'],
    ['/{a},{b}', 'whole placeholder'],
    ['/{path*}', 'not a placeholder'],
    ['/{;x}', 'not a placeholder'],
    ['/:id', 'another syntax'],
    ['/<id>', 'another syntax'],
    ['/a/*', 'another syntax'],
    ['/a?x=1', 'not part of a path'],
    ['/a#b', 'not part of a path'],
    ['/a;b', 'no path of a route'],
    ['/a%2Fb', 'no path of a route'],
    ['/a%5Cb', 'no path of a route'],
    ['/a%252F', 'no path of a route'],
    ['/%ff', 'no path of a route'],
    ['/a%', 'no path of a route'],
    ['/../a', 'no path of a route'],
    ['/a\u0000', 'no path of a route'],
    ['/\ud800', 'no path of a route'],
    ['//a', 'empty segment'],
    ['a', 'does not begin'],
  ])('%j is left out', (path, reason) => {
    const { config, leftOut } = imported({ paths: { [path]: { get: { security: [] } } } });
    expect(config.routes).toEqual([]);
    expect(leftOut).toEqual([{ method: 'GET', path, text: expect.stringContaining(reason) as string }]);
  });

  it('is left out if it does not begin with a slash, also where its server has a base path', () => {
    const servers = [{ url: 'https://api.test/v1' }];
    const { config, leftOut } = imported({ servers, paths: { orders: { get: {} }, '/items': { post: {} } } });
    expect(config.routes.map(({ match }) => match)).toEqual(['POST /v1/items']);
    expect(leftOut).toEqual([{ method: 'GET', path: 'orders', text: 'it does not begin with "/"' }]);
  });

  it('is left out if a parameter has the style matrix, also by reference', () => {
    const parameters = [{ $ref: '#/components/parameters/x' }];
    const components = { parameters: { x: { name: 'x', in: 'path', style: 'matrix' } } };
    const { leftOut } = imported({ components, paths: { '/{x}': { parameters, get: {} } } });
    expect(leftOut[0]?.text).toContain('matrix');
  });

  it('begins with the base path of its server, whose variables have their defaults', () => {
    const server = {
      url: 'https://{host}/{base}/',
      variables: { host: { default: 'x.test' }, base: { default: 'v2' } },
    };
    const paths = {
      '/a': { get: {}, post: { servers: [{ url: 'http://other.test:81' }] } },
      '/b': { servers: [{ url: '/relative' }], get: {} },
    };
    const { config } = imported({ servers: [server], paths });
    expect(config.routes.map(({ match, upstream }) => `${match} ${upstream}`)).toEqual([
      'GET /v2/a api',
      'POST /a api-2',
      'GET /relative/b api-3',
    ]);
    expect(config.upstreams).toEqual({
      api: 'https://x.test',
      'api-2': 'http://other.test:81',
      'api-3': 'http://upstream.invalid',
    });
  });

  it.each([
    'https://user:secret@x.test',
    'ftp://x.test',
    '//x.test',
    'https://{host}',
    'https://x.test:0',
    5,
    '',
  ])('has a placeholder upstream if the server is %j', (url) => {
    const { config, yaml } = imported({ servers: [{ url }], paths: { '/a': { get: {} } } });
    expect(config.upstreams).toEqual({ api: 'http://upstream.invalid' });
    expect(yaml).not.toContain('secret');
  });
});

describe('What is left out', () => {
  it.each([
    [{ '/f/{x}': { get: { security: [] } }, '/f/{x}.json': { get: { security: [{ login: ['r'] }] } } }, 'r'],
    [{ '/f': { get: { security: [] } }, '/f?q=1': { get: { security: [{ login: ['r'] }] } } }, 'r'],
    [{ '/f/{x}': { get: { security: [] } }, '/F/me': { $ref: 'other.yaml' } }, 'placeholder:unread'],
    [{ '/f/{x}': { get: { security: [] } }, '/f/{path*}': { get: { security: [{ login: ['r'] }] } } }, 'r'],
    [{ '/f/{x}': { get: { security: [] } }, '/f/{y}': { get: { security: [{ login: ['r'] }] } } }, 'r'],
  ])('is not opened by a looser route: %j', (paths, scope) => {
    const { config, stricter } = imported({ paths });
    expect(config.routes.map((route) => route.scope)).toEqual([scope]);
    expect(stricter).toHaveLength(1);
  });

  it('does not close what it has no path in common with, or what is more concrete', () => {
    const paths = {
      '/f/a': { get: { security: [] } },
      '/g/{x}': { get: { security: [] } },
      '/f/{x}.json': { get: { security: [{ login: ['r'] }] } },
    };
    expect(imported({ paths }).config.routes.map((route) => route.public)).toEqual([true, true]);
  });

  it('has a reason for each method that is never forwarded', () => {
    const { config, leftOut } = imported({ paths: { '/a': { trace: {}, get: {}, options: {}, head: {} } } });
    expect(config.routes.map(({ match }) => match)).toEqual(['GET /a', 'OPTIONS /a', 'HEAD /a']);
    expect(leftOut.map(({ method }) => method)).toEqual(['TRACE']);
  });
});

describe('Two paths that match one request', () => {
  it('both count if neither is more specific', () => {
    const paths = {
      '/books/{id}': { get: { security: [] } },
      '/{kind}/mine': { get: { security: [{ login: ['r'] }] } },
    };
    const { config } = imported({ paths });
    expect(config.routes.map(({ scope }) => scope)).toEqual(['r', 'r']);
  });

  it('keep their own security if one is more specific', () => {
    const paths = {
      '/a/{id}': { get: { security: [] } },
      '/a/me': { get: { security: [{ login: ['r'] }] } },
    };
    expect(imported({ paths }).config.routes.map(({ scope }) => scope)).toEqual([undefined, 'r']);
  });
});

describe('References', () => {
  it('within the document are followed, to path items and security schemes', () => {
    const components = {
      pathItems: { one: { get: { security: [{ renamed: ['r'] }] } } },
      securitySchemes: { renamed: { $ref: '#/components/securitySchemes/login' }, ...SCHEMES },
    };
    const paths = { '/a': { $ref: '#/components/pathItems/one' }, '/b': { $ref: '#/paths/~1a' } };
    const { config } = imported({ components, paths });
    expect(config.routes.map(({ match, scope }) => [match, scope])).toEqual([
      ['GET /a', 'r'],
      ['GET /b', 'r'],
    ]);
  });

  it.each([
    [{ $ref: 'other.yaml#/a' }, 'in another document'],
    [{ $ref: 'https://x.test/a' }, 'in another document'],
    [{ $ref: '#/nothing' }, 'leads nowhere'],
    [{ $ref: '#/paths/~1a' }, 'without an end'],
    [{ $ref: 7 }, 'not a text'],
    [{ $ref: '#/paths/~1b', get: {} }, 'beside a $ref'],
    ['text', 'not a map'],
  ])('%j is left out', (item, reason) => {
    expect(imported({ paths: { '/a': item, '/b': { get: {} } } }).leftOut[0]?.text).toContain(reason);
  });
});

it('A scope that covers others in a token is named', () => {
  expect(imported({ paths: { '/a': { get: { security: [{ login: ['a:*'] }] } } } }).remarks.join()).toContain(
    'a:*',
  );
  expect(matchesOf({ '/a': { get: {} } })).toEqual(['GET /a']);
});

it('Many operations with scopes of their own are compared in less than quadratic time', () => {
  const paths = Object.fromEntries(
    Array.from({ length: 15_000 }, (_, at) => [
      `/p${at}/{x}`,
      { get: { security: [{ login: [`s${at}`] }] } },
    ]),
  );
  expect(imported({ paths }).config.routes).toHaveLength(15_000);
});
