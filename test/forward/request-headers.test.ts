import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRequestHeaders, type BuildRequestHeaders } from '../../src/forward/request-headers.js';
import type { Log } from '../../src/model/log.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Upstream } from '../../src/model/upstream.js';
import { CALLER, upstreamAt } from './edge.js';

const silent: Log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };
const upstream = upstreamAt('http://127.0.0.1:9000');
const build = buildWith({});

function buildWith(changes: Partial<Upstream>): BuildRequestHeaders {
  return createRequestHeaders({ ...upstream, ...changes }, silent)(upstream.targets[0]);
}

function headWith(rawHeaders: string[]): RequestHead {
  return {
    id: 'gate-id',
    clientRequestId: undefined,
    method: 'GET',
    target: '/',
    host: 'gate.test',
    rawHeaders,
    authorization: undefined,
    socket: undefined,
    origin: undefined,
    preflightMethod: undefined,
    body: 'none',
    contentLength: 0,
    expectsContinue: false,
    websocket: false,
    clientIp: '192.0.2.1',
    forwardedFor: '192.0.2.1',
    forwardedProto: 'http',
    forwardedHost: 'gate.test',
    forwarded: undefined,
    viaTrustedProxy: false,
    headError: undefined,
  };
}

const NEVER = [
  'connection keep-alive proxy-connection te trailer transfer-encoding upgrade proxy-authenticate proxy-authorization',
  'http2-settings expect forwarded x-real-ip x-request-id x-http-method-override x-http-method x-method-override',
  'x-original-url x-rewrite-url x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port host content-length',
  'x-app-id x-app-name x-app-organization x-token-subject x-token-issuer x-token-scopes x-app-anything',
]
  .join(' ')
  .split(' ');

/** A name in any spelling that some server behind the gateway could read as the same. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc
    .array(fc.record({ upper: fc.boolean(), mark: fc.constantFrom('-', '_', '.') }), {
      minLength: name.length,
      maxLength: name.length,
    })
    .map((marks) =>
      Array.from(name, (char, at) =>
        char === '-' ? marks[at]!.mark : marks[at]!.upper ? char.toUpperCase() : char,
      ).join(''),
    );

const ordinary = fc.constantFrom(
  'Accept',
  'Cookie',
  'X-Custom',
  'X-Custom',
  'Content-Type',
  'Authorization',
  'X-Application',
);
const forbidden = fc.constantFrom(...NEVER).chain(spelled);
const field = fc.tuple(fc.oneof(ordinary, forbidden), fc.constantFrom('forged', 'forged, twice'));
const nomination = fc
  .array(fc.oneof(fc.constantFrom(...NEVER, 'x-custom', 'close', 'cookie'), spelled('x-app-id')), {
    maxLength: 4,
  })
  .map((names): [string, string] => ['Connection', names.join(' , ')]);

it('No hop-by-hop, forwarding or identity field of the caller is forwarded, in any spelling, place or number', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(field, nomination), { maxLength: 20 }), fc.boolean(), (fields, known) => {
      const built = build(headWith(fields.flat()), known ? CALLER : ANONYMOUS, undefined);
      for (let at = 0; at < built.length; at += 2) {
        const name = built[at]!.toLowerCase().replace(/[^a-z0-9]/g, '-');
        if (built[at + 1]!.startsWith('forged')) expect(NEVER).not.toContain(name);
        expect(name).not.toMatch(/^(connection|te|trailer|transfer-encoding|upgrade|expect|x-app-anything)$/);
      }
      const said = (name: string): string[] =>
        built.filter((_, at) => built[at - 1]?.toLowerCase() === name && at % 2 === 1);
      expect(said('host')).toEqual(['127.0.0.1:9000']);
      expect(said('x-request-id')).toEqual(['gate-id']);
      expect(said('x-forwarded-for')).toEqual(['192.0.2.1']);
      expect(said('x-app-id')).toEqual(known ? ['app-1'] : []);
      expect(said('x-token-scopes')).toEqual(known ? ['a:read b%20c'] : []);
    }),
    { numRuns: 500 },
  );
});

it('Every other field is forwarded in its order, unless a Connection field names it', () => {
  const name = fc.constantFrom('Accept', 'X-One', 'x-one', 'X_Two', 'Cookie', 'Authorization');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, fc.string()), { maxLength: 10 }),
      fc.subarray(['x-one', 'authorization']),
      (fields, gone) => {
        const built = build(
          headWith([...fields, ['connection', gone.join(',')]].flat()),
          ANONYMOUS,
          undefined,
        );
        const expected = fields
          .filter(([one]) => !(gone.includes('x-one') && one.toLowerCase() === 'x-one'))
          .flat();
        expect(built.slice(2, 2 + expected.length)).toEqual(expected);
        expect(built).toHaveLength(2 + expected.length + 8);
      },
    ),
  );
});

it('The identity fields of a caller decode to the claims of its token, for any claims', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.array(fc.string({ minLength: 1 })),
      (subject, scopes) => {
        const built = build(headWith([]), { ...CALLER, subject, scopes }, undefined);
        const said = (name: string): string | undefined => built[built.indexOf(name) + 1];
        expect(said('X-Token-Subject')).toMatch(/^[\x21-\x7e]+$/);
        expect(decodeURIComponent(said('X-Token-Subject')!)).toBe(subject);
        if (scopes.length === 0) expect(built).not.toContain('X-Token-Scopes');
        else expect(said('X-Token-Scopes')!.split(' ').map(decodeURIComponent)).toEqual(scopes);
      },
    ),
  );
});

const FROM_PROXY = [
  ...['X-Forwarded-Port', '8443', 'X-Forwarded-Prefix', '/shop', 'X-Real-IP', '192.0.2.7'],
  ...[
    'X_Forwarded_Port',
    '1',
    'X-Forwarded-User',
    'root',
    'X-Forwarded-For',
    'forged',
    'Forwarded',
    'for=forged',
  ],
];
const FORWARDED = 'for=192.0.2.7, for=10.0.0.1;proto=http';

it('From a trusted proxy the port, the prefix, the address and Forwarded are forwarded, each in its one spelling', () => {
  const head = { ...headWith(FROM_PROXY), viaTrustedProxy: true, forwarded: FORWARDED };
  const built = build(head, ANONYMOUS, undefined);
  expect(built.slice(2, 8)).toEqual(FROM_PROXY.slice(0, 6));
  expect(built).toContain(FORWARDED);
  expect(built.join(' ')).not.toMatch(/X_Forwarded|User|forged/);
});

it('From an untrusted client none of them is forwarded', () => {
  const built = build(headWith(FROM_PROXY), ANONYMOUS, undefined);
  expect(built.join(' ')).not.toMatch(/Port|Prefix|Real-IP|X_|User|forged|Forwarded,/);
  expect(built).not.toContain('Forwarded');
});

it('Fields that the file sets or removes are the same for a trusted proxy', () => {
  const headers = {
    set: [['X-Real-IP', 'mine'] as const],
    claims: [],
    remove: ['forwarded', 'x-forwarded-port'],
  };
  const head = { ...headWith(FROM_PROXY), viaTrustedProxy: true, forwarded: FORWARDED };
  const built = buildWith({ headers })(head, ANONYMOUS, undefined);
  expect(built.filter((_, at) => built[at - 1] === 'X-Real-IP')).toEqual(['mine']);
  expect(built).not.toContain('Forwarded');
  expect(built).not.toContain('X-Forwarded-Port');
  expect(built).toContain('/shop');
});

it('The field of client_ip_header has the address that the gateway uses, in no other spelling and from nobody else', () => {
  const sent = [...FROM_PROXY, 'x_real_ip', 'forged', 'CF-Connecting-IP', 'kept'];
  for (const viaTrustedProxy of [false, true]) {
    const head = { ...headWith(sent), viaTrustedProxy };
    const values = (built: readonly string[], name: RegExp) =>
      built.filter((_, at) => name.test(built[at - 1]!));
    const built = buildWith({ clientIpHeader: 'X-Real-IP' })(head, ANONYMOUS, undefined);
    expect(values(built, /^x.real.ip$/i)).toEqual(['192.0.2.1']);
    expect(values(built, /^cf/i)).toEqual(['kept']);
    for (const [headers, expected] of [
      [{ set: [['X-Real-IP', 'mine'] as const], claims: [], remove: [] }, ['mine']],
      [{ set: [], claims: [], remove: ['x-real-ip'] }, []],
    ] as const) {
      const changed = buildWith({ clientIpHeader: 'X-Real-IP', headers })(head, ANONYMOUS, undefined);
      expect(values(changed, /^x.real.ip$/i)).toEqual(expected);
    }
  }
});
