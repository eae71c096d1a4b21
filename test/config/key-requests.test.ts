import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { issuerWith, load, planted, problemsOf } from './planted.js';

const CA = resolve('test/fixtures/config/ca.pem');
const CERT = resolve('test/fixtures/config/cert.pem');
const KEY = resolve('test/fixtures/config/key.pem');
const CREDENTIAL = 'hunter2-hunter2';

const requestOf = async (keys: string): Promise<unknown> =>
  (await load(issuerWith(keys))).settings.issuers[0]?.keys;

describe('The requests for the keys of an issuer', () => {
  it('have TLS settings and header fields, from files that a reload watches', async () => {
    const { settings } = await load(
      issuerWith(
        'jwks: "https://i.example/jwks", tls: {ca: "${FIXTURES}/ca.pem", cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/key.pem", ' +
          'server_name: i.internal}, headers: {Authorization: "Bearer ${TOKEN}", X-Tenant: " one "}',
      ),
      { TOKEN: CREDENTIAL },
    );
    expect(settings.issuers[0]?.keys).toEqual({
      kind: 'url',
      url: 'https://i.example/jwks',
      request: {
        tls: {
          ca: readFileSync(CA, 'utf8'),
          cert: readFileSync(CERT, 'utf8'),
          key: readFileSync(KEY, 'utf8'),
          serverName: 'i.internal',
        },
        headers: [
          ['authorization', `Bearer ${CREDENTIAL}`],
          ['x-tenant', 'one'],
        ],
        insecureHttp: false,
      },
    });
    expect(settings.files).toEqual(expect.arrayContaining([CA, CERT, KEY]));
  });

  it('go to the metadata where the file says, else to that of the issuer', async () => {
    const url = 'https://a.b2clogin.example/flow/v2.0/.well-known/openid-configuration?p=flow';
    expect(await requestOf(`discovery: "${url}"`)).toEqual({
      kind: 'discovery',
      issuer: 'https://i.example',
      url,
    });
    expect(await requestOf('clock_skew: 1s')).toEqual({ kind: 'discovery', issuer: 'https://i.example' });
  });

  it.each([
    ['jwks: "http://keycloak:8080/certs"', 'http://keycloak:8080/certs'],
    ['discovery: "http://keycloak:8080/metadata"', 'http://keycloak:8080/metadata'],
  ])('%s may use http with insecure_http, which each start logs', async (keys, url) => {
    const { settings, warnings } = await load(issuerWith(`${keys}, insecure_http: true`));
    expect(settings.issuers[0]?.keys).toMatchObject({ url, request: { insecureHttp: true } });
    const text = 'keys that are read over http can be forged on the network';
    expect(warnings.map((warning) => warning.text)).toEqual([text]);
    expect(settings.insecure).toEqual([{ key: 'issuers.main.insecure_http', line: 2, text }]);
  });

  it('may use http for the metadata under the issuer with insecure_http', async () => {
    const file = issuerWith('insecure_http: true').replace(
      'https://i.example',
      'http://keycloak:8080/realms/main',
    );
    expect((await load(file)).settings.issuers[0]?.keys).toMatchObject({
      kind: 'discovery',
      issuer: 'http://keycloak:8080/realms/main',
    });
  });

  it('need no warning for insecure_http: false', async () => {
    const { warnings, settings } = await load(issuerWith('insecure_http: false'));
    expect([warnings, settings.insecure]).toEqual([[], []]);
    expect(settings.issuers[0]?.keys).not.toHaveProperty('request');
  });

  it.each([
    ['discovery: 5', ['2:63: "discovery" must be a URL']],
    ['discovery: "ftp://a/b"', ['2:63: "discovery" must begin with http:// or https://, not with ftp://']],
    [
      'discovery: "https://a/{tenant}/metadata"',
      ['2:63: "discovery" must have the value of {tenant} in its place'],
    ],
    [
      'discovery: "http://keycloak:8080/metadata"',
      [
        '2:63: "discovery" must be https; http is accepted only on loopback, since keys read over it can be forged; in a network that you trust, insecure_http: true accepts it',
      ],
    ],
    [
      'discovery: "http://keycloak:8080/metadata", insecure_http: false',
      [
        '2:63: "discovery" must be https; http is accepted only on loopback, since keys read over it can be forged; in a network that you trust, insecure_http: true accepts it',
      ],
    ],
    [
      'discovery: "https://a/b", jwks: "https://a/jwks"',
      ['2:52: an issuer has keys of one kind: "discovery" is never beside "jwks"'],
    ],
    ['insecure_http: yes', ['2:67: "insecure_http" must be true or false']],
    ['jwks: "http://keycloak/certs", insecure_http: yes', ['2:98: "insecure_http" must be true or false']],
    [
      'jwks: "${FIXTURES}/legacy-jwks.json", headers: {a: b}, tls: {}, insecure_http: true',
      [
        '2:90: "headers" is for keys that are read from a URL',
        '2:107: "tls" is for keys that are read from a URL',
        '2:116: "insecure_http" is for keys that are read from a URL',
      ],
    ],
    [
      'jwks: "http://localhost/jwks", tls: {ca: "${FIXTURES}/ca.pem"}',
      ['2:83: "tls" is for https; the keys are read over http'],
    ],
    ['tls: {ca: "${FIXTURES}/key.pem"}', ['2:62: the file holds no PEM certificates']],
    ['tls: {ca: nowhere.pem}', ['2:62: cannot read folder/nowhere.pem: there is no such file']],
    ['tls: {cert: "${FIXTURES}/cert.pem"}', ['2:58: "cert" needs its "key" beside it']],
    ['tls: {server_name: 10.0.0.1}', ['2:71: "server_name" must be a host name']],
    ['tls: {insecure: true}', ['2:58: unknown key "insecure"']],
    ['headers: {Host: a}', ['2:62: "Host" is set by the gateway itself and cannot be changed here']],
    ['headers: {"a b": c}', ['2:62: "a b" is not the name of a header field']],
    ['headers: {X-A: ""}', ['2:67: "X-A" must not be empty']],
    ['headers: {X-A: "\\n"}', ['2:67: "X-A" must not be empty']],
    ['headers: {X-A: b, x-a: c}', ['2:75: "x-a" is set twice; names do not differ by case']],
    ['headers: [a]', ['2:52: "headers" must be keys with values']],
  ])('with %s are refused', async (keys, problems) => {
    expect(await problemsOf(issuerWith(keys))).toEqual(problems);
  });

  it('cannot be by discovery for an issuer without iss', async () => {
    const file = planted(
      'issuer: "https://i.example", audience: a, jwks: "https://i.example/jwks"',
      'issuer: false, audience: a, discovery: "https://i.example/metadata"',
    );
    expect(await problemsOf(file)).toEqual([
      '2:18: an issuer without iss needs "jwks", since its keys cannot be discovered',
    ]);
  });

  it('show no credential in an error', async () => {
    const keys = `headers: {Authorization: "Bearer ${CREDENTIAL}ü"}`;
    const error = await load(issuerWith(keys)).catch((thrown: unknown) => thrown);
    const { problems } = error as { problems: readonly { toLines(): readonly string[] }[] };
    const shown = problems.flatMap((problem) => problem.toLines()).join('\n');
    expect(shown).toContain('"Authorization" must be visible ASCII');
    expect(shown).not.toContain('hunter2');
  });
});
