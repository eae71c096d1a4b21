import { describe, expect, it } from 'vitest';
import { load, onTop, problemsOf } from './planted.js';

describe('an address', () => {
  it.each([
    [
      'listen: 8080',
      ['1:9: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    [
      'listen: 127.0.0.1:99999',
      ['1:9: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    [
      'listen: 1.2.3:80',
      ['1:9: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    [
      'listen: "[127.0.0.1]:80"',
      ['1:9: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    [
      'listen: -a:80',
      ['1:9: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    [
      'listen: [a]',
      ['1:1: "listen" must be an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}'],
    ],
    ['listen: {host: 127.0.0.1, port: x}', ['1:33: "port" must be a whole number from 0 to 65535']],
    ['listen: {host: "*", port: 1}', ['1:16: "host" must be an IP address or a host name']],
    ['listen: {port: 1}', ['1:1: missing key "host"']],
    [
      'listen: 127.0.0.1:8081',
      ['1:9: "listen" and "admin" have one address (port 8081); health and metrics must not be public'],
    ],
    [
      'listen: "0.0.0.0:80"\nadmin: "localhost:80"',
      ['2:8: "listen" and "admin" have one address (port 80); health and metrics must not be public'],
    ],
    [
      'listen: "[::1]:80"\nadmin: "[0:0:0:0:0:0:0:1]:80"',
      ['2:8: "listen" and "admin" have one address (port 80); health and metrics must not be public'],
    ],
    [
      'listen: "a.example:80"\nadmin: "[::]:80"',
      ['2:8: "listen" and "admin" have one address (port 80); health and metrics must not be public'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each([
    'listen: 0.0.0.0:80',
    'listen: "[::1]:80"',
    'listen: gate.example:80',
    'listen: 127.0.0.1:0\nadmin: 127.0.0.1:0',
    'admin: {host: "::1", port: 80}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onTop(written))).toEqual([]);
  });
});

describe('a certificate', () => {
  it.each([
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: nope.pem, key: nope.pem}}',
      [
        '1:48: cannot read folder/nope.pem: there is no such file',
        '1:63: cannot read folder/nope.pem: there is no such file',
      ],
    ],
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/other-key.pem"}}',
      ['1:77: the key does not belong to the certificate'],
    ],
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/key.pem", key: "${FIXTURES}/key.pem"}}',
      ['1:48: the file holds no PEM certificate'],
    ],
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/cert.pem"}}',
      ['1:77: the file holds no PEM private key that can be read without a passphrase'],
    ],
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/key.pem", client_ca: "${FIXTURES}/key.pem"}}',
      ['1:111: the file holds no PEM certificates'],
    ],
    [
      'listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/key.pem", client_ca: "${FIXTURES}"}}',
      ['1:111: cannot read fixtures: it is a folder'],
    ],
    ['listen: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/cert.pem"}}', ['1:36: missing key "key"']],
    [
      'admin: {host: 127.0.0.1, port: 1, tls: {cert: "${FIXTURES}/nope.pem", key: "${FIXTURES}/key.pem"}}',
      ['1:47: cannot read fixtures/nope.pem: there is no such file'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });
});

describe('client_ip_header', () => {
  const trusting = (value: string) => onTop(`client_ip_header: ${value}\ntrust_proxy: [10.0.0.0/8]`);

  it.each([
    ['"X Y"', 'must be the name of a field with an address, such as CF-Connecting-IP'],
    ['Host', 'must be the name of a field with an address, such as CF-Connecting-IP'],
    ['X-App-Id', 'must be the name of a field with an address, such as CF-Connecting-IP'],
    ['Authorization', 'must be the name of a field with an address, such as CF-Connecting-IP'],
    ['[CF-Connecting-IP]', 'must be the name of a header field'],
    [
      'X-Forwarded-For',
      'must be a field with one address; X-Forwarded-For has a chain, and is read without this key',
    ],
  ])('with the value %s is refused', async (value, text) => {
    expect(await problemsOf(trusting(value))).toEqual([
      expect.stringContaining(`"client_ip_header" ${text}`),
    ]);
  });

  it('without trust_proxy is an error: nobody could be trusted to send it', async () => {
    const text =
      '1:1: "client_ip_header" needs "trust_proxy": the field is trusted from these addresses only';
    expect(await problemsOf(onTop('client_ip_header: CF-Connecting-IP'))).toEqual([text]);
    expect(await problemsOf(onTop('client_ip_header: CF-Connecting-IP\ntrust_proxy: []'))).toEqual([text]);
  });

  it('is compiled, for every upstream too', async () => {
    const { settings } = await load(trusting('CF-Connecting-IP'));
    expect(settings.clientIpHeader).toBe('CF-Connecting-IP');
    expect(settings.upstreams[0]?.clientIpHeader).toBe('CF-Connecting-IP');
  });
});

describe('trust_proxy', () => {
  it.each([
    [
      'trust_proxy: [10.0.0.0/33]',
      ['1:15: "trust_proxy" must be an IP address or a CIDR block such as 10.0.0.0/8'],
    ],
    [
      'trust_proxy: ["::ffff:10.0.0.0/90", "0:0:0:0:0:ffff:a00:0/90", "::ffff:1:2:3/90", "::ffff:10.0.0.0/96"]',
      [
        '1:15: "trust_proxy" must be a CIDR block such as 10.0.0.0/8: IPv4 in IPv6 has a prefix of at least 96',
        '1:37: "trust_proxy" must be a CIDR block such as 10.0.0.0/8: IPv4 in IPv6 has a prefix of at least 96',
      ],
    ],
    ['trust_proxy: [x]', ['1:15: "trust_proxy" must be an IP address or a CIDR block such as 10.0.0.0/8']],
    [
      'trust_proxy: ["::/129"]',
      ['1:15: "trust_proxy" must be an IP address or a CIDR block such as 10.0.0.0/8'],
    ],
    [
      'trust_proxy: [1.2.3.4/8/8]',
      ['1:15: "trust_proxy" must be an IP address or a CIDR block such as 10.0.0.0/8'],
    ],
    [
      'trust_proxy: [1.2.3.4/]',
      ['1:15: "trust_proxy" must be an IP address or a CIDR block such as 10.0.0.0/8'],
    ],
    ['trust_proxy: 10.0.0.0/8', ['1:14: "trust_proxy" must be a list of IP addresses and CIDR blocks']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each(['trust_proxy: [10.0.0.0/8, 1.2.3.4, "::1", "fd00::/8"]'])(
    'with the value %j is accepted',
    async (written) => {
      expect(await problemsOf(onTop(written))).toEqual([]);
    },
  );
});

describe('redis', () => {
  const NO_URL = '"redis" must be a URL that begins with redis://, rediss:// or unix://';
  const NO_PATH = '"url" must have nothing after the host but the number of a database: /0';
  const REMEDY =
    'where a password has one of / ? # @ % in it, write it as "password" beside "url", or percent-encode it (/ is %2F)';

  it.each([
    ['redis: http://x', ['1:8: "redis" must begin with redis://, rediss:// or unix://, not with http://']],
    ['redis: redis://a:0', ['1:8: "redis" must have a port from 1 to 65535']],
    [
      'redis: redis://127.0.0.1:6379/staging',
      ['1:8: "redis" must have nothing after the host but the number of a database: /0'],
    ],
    ['redis: {url: "redis://a/1/2"}', [`1:14: ${NO_PATH}`]],
    ['redis: {url: "redis://a/-1"}', [`1:14: ${NO_PATH}`]],
    ['redis: redis://a?db=staging', ['1:8: "redis" must be a URL without a query or fragment']],
    ['redis: redis://a?lazyConnect=1', ['1:8: "redis" must be a URL without a query or fragment']],
    ['redis: "redis://:pa/ss@h"', [`1:8: ${NO_URL}; ${REMEDY}`]],
    ['redis: "redis://:pa#ss@h"', [`1:8: ${NO_URL}; ${REMEDY}`]],
    ['redis: "redis://:pa?ss@h"', [`1:8: ${NO_URL}; ${REMEDY}`]],
    ['redis: "redis://u:12/34@h"', [`1:8: ${NO_PATH.replace('url', 'redis')}; ${REMEDY}`]],
    ['redis: "redis://u:1?a@h/0"', [`1:8: "redis" must be a URL without a query or fragment; ${REMEDY}`]],
    [
      'redis: "redis://:50%off@h"',
      [`1:8: "redis" must have a "%" only before two hexadecimal digits; ${REMEDY}`],
    ],
    ['redis: {timeout: 1s}', ['1:1: missing key "url"; or else "sentinels" or "cluster"']],
    [
      'redis: 5',
      [
        '1:8: "redis" must be a URL that begins with redis://, rediss:// or unix://, or {url, on_failure, timeout, key_prefix}',
      ],
    ],
    ['redis: {url: "redis://a", on_failure: maybe}', ['1:39: "on_failure" must be local, open or closed']],
    [
      'redis: {url: "redis://a", key_prefix: "a b"}',
      ['1:39: "key_prefix" must be at most 64 visible ASCII characters other than { and }'],
    ],
    ['redis: {url: "redis://a", timeout: 11s}', ['1:36: "timeout" must be at most 10s']],
    ['redis: {}', ['1:1: missing key "url"; or else "sentinels" or "cluster"']],
    [
      'redis: {url: "redis://a", sentinels: ["a:1"], name: m}',
      ['1:27: "url" is set too; a Redis is one of the two'],
    ],
    [
      'redis: {sentinels: ["a:1"], name: m, cluster: ["a:1"]}',
      ['1:38: "sentinels" is set too; a Redis is one of the two'],
    ],
    ['redis: {sentinels: ["a:1"]}', ['1:1: missing key "name": by which the Sentinels know the primary']],
    ['redis: {cluster: ["a:1"], name: m}', ['1:33: "name" is for "sentinels"']],
    ['redis: {cluster: ["a"]}', ['1:19: "cluster" must be host:port, such as 10.0.0.5:6379 or "[::1]:6379"']],
    [
      'redis: {cluster: ["a:0"]}',
      ['1:19: "cluster" must be host:port, such as 10.0.0.5:6379 or "[::1]:6379"'],
    ],
    ['redis: {cluster: []}', ['1:9: "cluster" must not be an empty list']],
    ['redis: {url: "redis://:p@a", password: p}', ['1:40: the url has a password too; one of the two']],
    ['redis: {url: "redis://u:p@a", username: p}', ['1:41: the url has a username too; one of the two']],
    ['redis: {url: "redis://a", username: p}', ['1:37: "username" needs a password beside it']],
    ['redis: {url: "redis://a", tls: true}', ['1:32: "tls" needs a url that begins with rediss://']],
    ['redis: {url: "unix:///a", tls: {}}', ['1:27: "tls" needs a url that begins with rediss://']],
    [
      'redis: {url: "rediss://a", tls: 1}',
      ['1:33: "tls" must be true, false, or {ca, cert, key, server_name}'],
    ],
    ['redis: {url: "rediss://a", tls: {server_name: 10.0.0.5}}', ['1:47: "server_name" must be a host name']],
    [
      'redis: {url: "rediss://a", tls: {ca: "${FIXTURES}/none.pem"}}',
      ['1:38: cannot read fixtures/none.pem: there is no such file'],
    ],
    [
      'redis: {url: "rediss://a", tls: {cert: "${FIXTURES}/cert.pem"}}',
      ['1:34: "cert" needs its "key" beside it'],
    ],
    ['redis: {url: "redis://a", sentinel_password: p}', ['1:46: "sentinel_password" is for "sentinels"']],
    [
      'redis: {sentinels: ["a:1"], name: m, sentinel_username: p}',
      ['1:57: "sentinel_username" needs "sentinel_password" beside it'],
    ],
    [
      'redis: {cluster: ["a:6379/1"]}',
      ['1:19: "cluster" must be host:port without a database: a Redis Cluster has only database 0'],
    ],
    ['redis: unix://a', ['1:8: "redis" must be unix:///path/of/socket, or with a database ?db=1 behind it']],
    [
      'redis: {url: "redis://a", key_prefix: "{a}"}',
      ['1:39: "key_prefix" must be at most 64 visible ASCII characters other than { and }'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each([
    'redis: rediss://:pw@a:6379/1',
    'redis: ""',
    'redis: unix:///run/redis.sock?db=1',
    'redis: {url: "rediss://a/1", username: u, password: "p/#?@%", tls: {server_name: b.example}}',
    'redis: {url: "rediss://u@a", password: p, tls: true}',
    'redis: {sentinels: ["a:1"], name: m, password: p, sentinel_username: u, sentinel_password: q, tls: {}}',
    'redis: {url: "rediss://a", tls: {ca: "${FIXTURES}/ca.pem", cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/key.pem"}}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onTop(written))).toEqual([]);
  });
});

describe('a small value', () => {
  it.each([
    ['drain_timeout: 30', ['1:16: "drain_timeout" must be a duration such as 500ms, 30s, 2m, 1h or 1d']],
    ['drain_timeout: 30 s', ['1:16: "drain_timeout" must be a duration such as 500ms, 30s, 2m, 1h or 1d']],
    ['drain_timeout: 25d', ['1:16: "drain_timeout" must be at most 24d']],
    [
      'client: {min_body_rate: fast}',
      ['1:25: "min_body_rate" must be bytes per second, such as 240 or 1kb, or none'],
    ],
    [
      'drain_timeout: 5s\ndrain_delay: 6s',
      ['2:14: "drain_delay" must be at most drain_timeout (5s), which it is a part of'],
    ],
    ['drain_delay: 31s', ['1:14: "drain_delay" must be at most drain_timeout (30s), which it is a part of']],
    ['drain_delay: soon', ['1:14: "drain_delay" must be a duration such as 500ms, 30s, 2m, 1h or 1d']],
    [
      'admin: {listen: 127.0.0.1:8081, hosts: ["gate:8081"]}',
      ['1:41: "hosts" must be a host name without a port'],
    ],
    ['admin: {listen: 127.0.0.1:8081, hosts: []}', ['1:33: "hosts" must not be an empty list']],
    [
      'admin: {listen: 127.0.0.1, hosts: [gate]}',
      [expect.stringMatching(/^1:17: "listen" must be an address/)],
    ],
    ['admin: {listen: 127.0.0.1:8081, host: [gate]}', ['1:33: unknown key "host"; did you mean "hosts"?']],
    ['client: {header_timeout: 0s}', ['1:26: "header_timeout" must be at least 1ms']],
    ['defaults: {max_body: 10 mb}', ['1:22: "max_body" must be a size such as 512kb or 10mb']],
    ['defaults: {max_body: 5}', ['1:22: "max_body" must be a size such as 512kb or 10mb']],
    ['limits: {max_keys: 0}', ['1:20: "max_keys" must be a whole number from 1 to 100000000']],
    ['token_cache: 0', ['1:14: "token_cache" must be a whole number from 1 to 10000000']],
    ['token_cache: 1.5', ['1:14: "token_cache" must be a whole number from 1 to 10000000']],
    ['token_cache: many', ['1:14: "token_cache" must be a whole number from 1 to 10000000']],
    ['log: {level: loud}', ['1:14: "level" must be debug, info, warn, error or silent']],
    [
      'log: {file: a.log, pretty: true}',
      ['1:28: "pretty" is for a terminal, and "file" gets JSON: use one of them'],
    ],
    ['log: {access: refused}', ['1:15: "access" must be true, false or failures']],
    ['log: {file: ""}', ['1:13: "file" must not be empty']],
    ['log:', ['1:1: "log" must be keys with values']],
    ['limit_headers: both', ['1:16: "limit_headers" must be legacy or draft']],
    ['allow_semicolon: yes', ['1:18: "allow_semicolon" must be true or false']],
    ['jwks_max_age: 0s', ['1:15: "jwks_max_age" must be at least 1ms']],
    ['jwks_max_stale: 400d', ['1:17: "jwks_max_stale" must be at most 366d']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each([
    'drain_timeout: 0s',
    'drain_timeout: 5s\ndrain_delay: 5s',
    'drain_delay: 0s',
    'admin: {hosts: [gate]}',
    'admin: {host: 127.0.0.1, port: 1, hosts: [my_gate]}',
    'jwks_max_stale: 0s\njwks_max_age: 1h',
    'defaults: {max_body: 1gb}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onTop(written))).toEqual([]);
  });
});

describe('cors', () => {
  it.each([
    [
      'cors: {origins: [https://a/b]}',
      [
        '1:18: "origins" must be an origin as a browser sends it, such as https://app.example.org, https://*.example.org for all subdomains, or "*"',
      ],
    ],
    [
      'cors: {origins: ["null"]}',
      [
        '1:18: "origins" must be an origin as a browser sends it, such as https://app.example.org, https://*.example.org for all subdomains, or "*"',
      ],
    ],
    ['cors: {origins: [null]}', ['1:18: "origins" must be an origin']],
    ...[
      '*.a.example',
      'https://*',
      'https://a*.b.example',
      'https://*.*.b.example',
      'https://a.*.example',
    ].map((origin): [string, string[]] => [
      `cors: {origins: ["${origin}"]}`,
      [
        '1:18: "origins" must be an origin as a browser sends it, such as https://app.example.org, https://*.example.org for all subdomains, or "*"',
      ],
    ]),
    ...[
      'https://*.a.example/',
      'https://*.a.example:443',
      'https://*.u@a.example',
      'https://*.0.0.1',
      'https://*.[::1]',
      'https://*.ä.example',
    ].map((origin): [string, string[]] => [
      `cors: {origins: ["${origin}"]}`,
      [
        '1:18: "origins" must be an origin as a browser sends it, such as https://app.example.org, with "*." before its domain',
      ],
    ]),
    [
      'cors: {origins: ["https://*.com"]}',
      ['1:18: "origins" must have a domain after "*."; "com" has many owners'],
    ],
    [
      'cors: {credentials: true, origins: ["*"]}',
      ['1:37: "origins" must list origins: "*" with credentials would let every page act for a user'],
    ],
    [
      'cors: {credentials: true, origins: [https://a.example, "*"], headers: ["*"]}',
      [
        '1:56: "origins" must list origins: "*" with credentials would let every page act for a user',
        '1:72: "headers" must name each field: with credentials browsers take "*" literally',
      ],
    ],
    ['cors: {credentials: 1, origins: ["*"]}', ['1:21: "credentials" must be true or false']],
    ['cors: {origins: []}', ['1:8: "origins" must not be an empty list']],
    ['cors: {headers: ["a b"], origins: ["*"]}', ['1:18: "headers" must be the name of a header field']],
    ['cors: {headers: [5], origins: ["*"]}', ['1:18: "headers" must be the name of a header field']],
    ['cors: {}', ['1:1: missing key "origins"']],
    ['cors: {origins: ["*"], max_age: 2d}', ['1:33: "max_age" must be at most 1d']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each([
    'cors: {origins: [https://a.example:8443], headers: [X-A], max_age: 0s}',
    'cors: {origins: ["https://*.a.example", "http://*.localhost:3000", https://a.example], credentials: true}',
    'cors: {origins: ["*"], credentials: false, headers: ["*"]}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onTop(written))).toEqual([]);
  });
});

describe('a key', () => {
  it.each([
    ['timeout: 3s', ['1:1: unknown key "timeout" here; it belongs in a route, in an upstream or in redis']],
    ['route: []', ['1:1: unknown key "route"; did you mean "routes"?']],
    ['zzz: 1', ['1:1: unknown key "zzz"']],
    ['__proto__: 1', ['1:1: unknown key "__proto__"']],
    ['workers: 2', ['1:10: more than one worker needs "redis", since limits must be counted once']],
    ['workers: auto', ['1:10: more than one worker needs "redis", since limits must be counted once']],
    ['workers: 0', ['1:10: "workers" must be a whole number from 1 to 256']],
    ['jwks_cache: 5', ['1:13: "jwks_cache" must be a folder, or false']],
    ['jwks_cache: ""', ['1:13: "jwks_cache" must not be empty']],
    ['max_in_flight: 0', ['1:16: "max_in_flight" must be a whole number from 1 to 1000000']],
    ['client: {max_connections: 0}', ['1:27: "max_connections" must be a whole number from 1 to 1000000']],
    ['tracing: {}', ['1:1: missing key "otlp"']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });
});

describe('a file', () => {
  it.each([
    ['', ['1:1: the configuration must be keys with values']],
    ['5', ['1:1: the configuration must be keys with values']],
    ['a: [1\nb: 2', ['1:4: not valid YAML: the [ here is not closed']],
    ['a:\n\tb: 1', ['2:1: not valid YAML: lines are indented with spaces, not with tabs']],
    ['a: !foo 3', ['1:4: not valid YAML: Unresolved tag: !foo']],
    [
      'a: &a [1]\nb: *c',
      ['2:4: the alias *c has no anchor &c before it; a text that begins with "*" must be in quotes'],
    ],
    [
      'a: &x [*x]\n',
      [
        '1:1: unknown key "a"',
        '1:1: missing key "upstreams"',
        '1:1: missing key "routes"',
        '1:8: is nested too deeply, or contains itself',
      ],
    ],
    ['a: 1\n---\nb: 2\n', ['2:1: a second document starts here; the file must be one']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(written)).toEqual(problems);
  });
});
