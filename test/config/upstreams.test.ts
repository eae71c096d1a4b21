import { describe, expect, it } from 'vitest';
import { load, problemsOf, upstreamOf } from './planted.js';

describe('an upstream', () => {
  it.each([
    ['http://a/b', ['4:8: "api" must be an origin without a path; to add one, give the route a rewrite']],
    ['http://a?x', ['4:8: "api" must be an origin without a query or fragment']],
    ['http://a#x', ['4:8: "api" must be an origin without a query or fragment']],
    ['http://u:p@a', ['4:8: "api" must be an origin without a user name or password']],
    ['ftp://a', ['4:8: "api" must begin with http:// or https://, not with ftp://']],
    ['a:80', ['4:8: "api" must be a URL that begins with http:// or https://']],
    ['http:/a', ['4:8: "api" must be a URL that begins with http:// or https://']],
    ['http://a:0', ['4:8: "api" must have a port from 1 to 65535']],
    ['http://a:99999', ['4:8: "api" must be a URL that begins with http:// or https://']],
    ['http://a b', ['4:8: "api" must be a URL that begins with http:// or https://']],
    ['5', ['4:8: "api" must be an origin such as http://10.0.0.5:9002, or {targets: [...], timeout, ...}']],
    ['{}', ['4:3: missing key "targets"']],
    ['{targets: []}', ['4:9: "targets" must not be an empty list']],
    ['{targets: http://a}', ['4:18: "targets" must be a list of origins']],
    ['{targets: ["http://a", "http://a:80"]}', ['4:31: "http://a" is there twice']],
    ['{targets: ["http://a"], keep_alive: 0ms}', ['4:44: "keep_alive" must be at least 1ms']],
    ['{targets: ["http://a"], retries: 11}', ['4:41: "retries" must be a whole number from 0 to 10']],
    [
      '{targets: ["http://a"], max_connections: 0}',
      ['4:49: "max_connections" must be a whole number from 1 to 100000'],
    ],
    ['{targets: ["http://a"], host: x}', ['4:38: "host" must be target or preserve']],
    ['{targets: ["http://a"], connect_timeout: 0ms}', ['4:49: "connect_timeout" must be at least 1ms']],
    [
      '{targets: ["http://a"], headers: {set: {Host: a}}}',
      ['4:48: "Host" is set by the gateway itself and cannot be changed here'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {"X Y": a}}}',
      ['4:48: "X Y" is not the name of a header field'],
    ],
    ['{targets: ["http://a"], headers: {set: {X-A: "ä"}}}', ['4:53: "X-A" must be visible ASCII']],
    [
      '{targets: ["http://a"], headers: {set: {X-A: 5}}}',
      ['4:53: "X-A" must be a text, or a claim of the token in quotes: "{claims.email}"'],
    ],
    ...['{claims}', '{claims.}', '{claim.email}', '{email}', 'a {claims.email}', '{claims.a}{claims.b}'].map(
      (value): [string, string[]] => [
        `{targets: ["http://a"], headers: {set: {X-A: "${value}"}}}`,
        ['4:53: "X-A" must be a text, or one claim alone, such as "{claims.email}"'],
      ],
    ),
    [
      '{targets: ["http://a"], headers: {set: {X-A: {claims.email}}}}',
      ['4:48: "X-A" must be a text, or a claim of the token in quotes: "{claims.email}"'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {X-A: "{claims.__proto__}"}}}',
      ['4:53: "X-A" must be a name that readers of JSON agree on'],
    ],
    ...[
      'Accept-Language',
      'Authorization',
      'If-Match',
      'X_Forwarded_For',
      'Content-Language',
      'X-Request-Id',
    ].map((name): [string, string[]] => [
      `{targets: ["http://a"], headers: {set: {${name}: "{claims.email}"}}}`,
      [
        `4:${50 + name.length}: "${name}" has a meaning of its own; a claim needs another name, such as X-User-Email`,
      ],
    ]),
    [
      '{targets: ["http://a"], headers: {set: {X-Token-Email: "{claims.email}"}}}',
      ['4:48: "X-Token-Email" tells upstreams who calls and cannot be set here'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {x-b: a, X-B: b}}}',
      ['4:61: "X-B" is set twice; names do not differ by case'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {X-B_C: a, x_b-c: b}}}',
      ['4:65: "x_b-c" is set twice: many servers take it for the same name as "X-B_C"'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {X-B: a}, remove: [X-C, x-b]}}',
      ['4:71: "x-b" is in "set" too, which replaces the client\'s field; take it out of one of them'],
    ],
    [
      '{targets: ["http://a"], headers: {set: {X-App-Id: a}}}',
      ['4:48: "X-App-Id" tells upstreams who calls and cannot be set here'],
    ],
    [
      '{targets: ["http://a"], headers: {remove: [Connection]}}',
      ['4:51: "Connection" is set by the gateway itself and cannot be changed here'],
    ],
    [
      '{targets: ["http://a"], headers: {remove: ["X Y"]}}',
      ['4:51: "X Y" is not the name of a header field'],
    ],
    [
      '{targets: ["http://a"], tls: {ca: "${FIXTURES}/ca.pem"}}',
      ['4:32: "tls" is for https targets; http://a is http'],
    ],
    [
      '{targets: ["https://a"], tls: {ca: nope.pem}}',
      ['4:43: cannot read folder/nope.pem: there is no such file'],
    ],
    [
      '{targets: ["https://a"], tls: {ca: "${FIXTURES}/key.pem"}}',
      ['4:43: the file holds no PEM certificates'],
    ],
    ['{targets: ["http://a"], balance: random}', ['4:41: "balance" must be round-robin or least-requests']],
    ['{targets: ["http://a"], health: {}}', ['4:32: missing key "path"']],
    [
      '{targets: ["http://a"], health: {path: healthz}}',
      ['4:47: "path" must be a path that begins with "/", in visible ASCII'],
    ],
    [
      '{targets: ["http://a"], ejection: {failures: 0}}',
      ['4:53: "failures" must be a whole number from 1 to 10000'],
    ],
    [
      '{targets: ["http://a"], ejection: true}',
      ['4:42: "ejection" must be {failures, cooldown, slow_start}, or false'],
    ],
    [
      '{targets: ["http://a"], breaker: {failure_rate: 50}}',
      ['4:56: "failure_rate" must be a share such as 50%'],
    ],
    [
      '{targets: ["http://a"], breaker: {failure_rate: 101%}}',
      ['4:56: "failure_rate" must be a share from 1% to 100%'],
    ],
    ['{targets: ["http://a"], resolve_every: 1ms}', ['4:47: "resolve_every" must be at least 100ms']],
    [
      '{targets: ["https://a"], tls: {cert: "${FIXTURES}/cert.pem"}}',
      ['4:39: "cert" needs its "key" beside it'],
    ],
    [
      '{targets: ["https://a"], tls: {cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/ca.pem"}}',
      ['4:74: the file holds no PEM private key that can be read without a passphrase'],
    ],
    ['{targets: ["https://a"], tls: {server_name: 10.0.0.5}}', ['4:52: "server_name" must be a host name']],
    ['{targets: ["https://a"], tls: {insecure: yes}}', ['4:49: "insecure" must be true or false']],
    [
      '{targets: ["http://a"], tls: {insecure: true}}',
      ['4:32: "tls" is for https targets; http://a is http'],
    ],
    ['{target: http://a}', ['4:9: unknown key "target"; did you mean "targets"?']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(upstreamOf(written))).toEqual(problems);
  });

  it('with tls.insecure is accepted with a warning that each start logs', async () => {
    const { warnings, settings } = await load(
      upstreamOf('{targets: ["https://a"], tls: {server_name: a.internal, insecure: true}}'),
    );
    const text = 'the certificates of the targets are not verified';
    expect(warnings.map(({ line, column, text: what }) => [line, column, what])).toEqual([[4, 74, text]]);
    expect(settings.insecure).toEqual([{ key: 'upstreams.api.tls.insecure', line: 4, text }]);
    expect(settings.upstreams[0]?.tls).toMatchObject({ serverName: 'a.internal', insecure: true });
    const strict = await load(upstreamOf('{targets: ["https://a"], tls: {insecure: false}}'));
    expect([strict.warnings, strict.settings.insecure]).toEqual([[], []]);
  });

  it('gets a field from a claim, whose name is one name with its dots; the Principal keeps this claim', async () => {
    const { settings } = await load(
      upstreamOf(
        '{targets: ["https://a"], headers: {set: {X-User_Email: "{claims.email}", X-Env: "{}", X-B: " {claims.https://a.b/c d} "}}}',
      ),
    );
    expect(settings.upstreams[0]?.headers).toEqual({
      set: [['X-Env', '{}']],
      claims: [
        ['X-User_Email', 'email'],
        ['X-B', 'https://a.b/c d'],
      ],
      remove: [],
    });
    expect(settings.keptClaims).toEqual(['email', 'https://a.b/c d']);
    expect(settings.identityFields).toEqual(['x-user-email', 'x-b']);
    expect(settings.upstreams[0]?.identityFields).toEqual(['x-user-email', 'x-b']);
  });

  it('warns of a claim whose name looks like a path into an object', async () => {
    const warningsOf = async (claim: string) => {
      const set = `{X-Country: "{claims.${claim}}"}`;
      const { warnings } = await load(upstreamOf(`{targets: ["https://a"], headers: {set: ${set}}}`));
      return warnings.map(({ line, column, text }) => `${line}:${column}: ${text}`);
    };
    expect(await warningsOf('address.country')).toEqual([
      '4:60: "address.country" is the name of one claim, dots included; a claim in an object cannot be sent',
    ]);
    for (const claim of ['country', 'https://a.example/country', 'com.example.country'])
      expect(await warningsOf(claim)).toEqual([]);
  });

  it('cannot get a claim in client_ip_header', async () => {
    const upstream = '{targets: ["https://a"], headers: {set: {x_client_ip: "{claims.email}"}}}';
    const text = `client_ip_header: X-Client-IP\ntrust_proxy: [10.0.0.1]\n${upstreamOf(upstream)}`;
    expect(await problemsOf(text)).toEqual([
      '6:49: "x_client_ip" is client_ip_header, the address of the client',
    ]);
  });

  it.each(['http://a/', 'https://[::1]:9443', '{targets: ["https://a"], tls: {ca: "${FIXTURES}/ca.pem"}}'])(
    'with the value %j is accepted',
    async (written) => {
      expect(await problemsOf(upstreamOf(written))).toEqual([]);
    },
  );
});
