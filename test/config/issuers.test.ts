import { describe, expect, it } from 'vitest';
import { issuerWith, load, onRoute, onTop, planted, problemsOf, VALID } from './planted.js';

describe('an issuer', () => {
  it.each([
    ['algorithms: [none]', ['2:65: the algorithm "none" is refused: anybody can make such a token']],
    ['algorithms: [NONE]', ['2:65: the algorithm "none" is refused: anybody can make such a token']],
    [
      'algorithms: [HS256]',
      ['2:65: "HS256" is never accepted beside a JWKS: with it a public key would be used as a secret'],
    ],
    ['algorithms: [Ed448]', ['2:65: the algorithm "Ed448" is not supported']],
    ['algorithms: [ES256K]', ['2:65: the algorithm "ES256K" is not supported']],
    ['algorithms: [rs256]', ['2:65: "rs256" is no algorithm; did you mean "RS256"?']],
    [
      'algorithms: [XX]',
      [
        '2:65: "XX" is no algorithm; use one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, HS256, HS384, HS512',
      ],
    ],
    ['algorithms: RS256', ['2:64: "algorithms" must be a list of algorithms']],
    ['algorithms: []', ['2:52: "algorithms" must not be an empty list']],
    [
      'jwks: http://10.0.0.1/jwks',
      [
        '2:58: "jwks" must be https; http is accepted only on loopback, since keys read over it can be forged; in a network that you trust, insecure_http: true accepts it',
      ],
    ],
    [
      'jwks: "http://127.evil.example/jwks"',
      [
        '2:58: "jwks" must be https; http is accepted only on loopback, since keys read over it can be forged; in a network that you trust, insecure_http: true accepts it',
      ],
    ],
    ['jwks: "ftp://a/jwks"', ['2:58: "jwks" must begin with http:// or https://, not with ftp://']],
    ['jwks: "https:a/jwks"', ['2:58: "jwks" must be a URL that begins with http:// or https://']],
    ['jwks: "https://u:p@a/jwks"', ['2:58: "jwks" must be a URL without a user name or password']],
    ['jwks: "https://a/jwks#x"', ['2:58: "jwks" must be a URL without a fragment']],
    ['jwks: nope.json', ['2:58: cannot read folder/nope.json: there is no such file']],
    ['jwks: "${FIXTURES}/key.pem"', ['2:58: the JWKS file is not JSON']],
    ['jwks: {keys: 5}', ['2:52: a JWKS is an object with a list "keys"']],
    ['jwks: {}', ['2:52: a JWKS is an object with a list "keys"']],
    ['jwks: [1]', ['2:52: "jwks" must be a URL, a file path, or an object {keys: [...]}']],
    ['jwks: ""', ['2:58: "jwks" must not be empty']],
    ['clock_skew: 6m', ['2:64: "clock_skew" must be at most 5m']],
    ['grants: []', ['2:52: "grants" must not be an empty list']],
    [
      'grants: ["a b"]',
      ['2:61: "a b" is no scope; use visible ASCII characters without spaces, quotes and "\\"'],
    ],
    ['claims: {app: []}', ['2:61: "app" must not be an empty list']],
    ['claims: {app: ""}', ['2:66: "app" must not be empty']],
    [
      'claims: {scope: 5}',
      ['2:68: "scope" must be a claim\'s name, a list that is a path into an object, or {union: [...]}'],
    ],
    ['claims: {app: __proto__}', ['2:66: "app" must be a name that readers of JSON agree on']],
    ['claims: {scope: exp}', ['2:68: "exp" is a time, and holds no scopes']],
    ['require: []', ['2:52: "require" must not be an empty list']],
    [
      'require: {claim: a, is: b}',
      ['2:52: "require" must be a list of conditions: {claim, is}, {claim, has} or {claim, absent}'],
    ],
    ['require: [a]', ['2:62: "require" must be a condition: {claim, is}, {claim, has} or {claim, absent}']],
    ['require: [{is: a}]', ['2:62: missing key "claim"']],
    ['require: [{claim: a}]', ['2:62: "require" must have one of "is", "has" and "absent"']],
    ['require: [{claim: a, is: a, has: b}]', ['2:62: "require" must have one of "is", "has" and "absent"']],
    [
      'require: [{claim: a, is: a, absent: true}]',
      ['2:62: "require" must have one of "is", "has" and "absent"'],
    ],
    ['require: [{claim: a, absent: false}]', ['2:81: "absent" must be true']],
    ['require: [{claim: a, are: b}]', ['2:73: unknown key "are"']],
    [
      'require: [{claim: a, is: null}]',
      ['2:77: "is" must be a text, a number, true or false, or a list of these'],
    ],
    [
      'require: [{claim: a, is: {b: c}}]',
      ['2:73: "is" must be a text, a number, true or false, or a list of these'],
    ],
    ['require: [{claim: a, is: ""}]', ['2:77: "is" must not be empty']],
    ['require: [{claim: a, has: []}]', ['2:73: "has" must not be an empty list']],
    ['require: [{claim: a, has: [b, [c]]}]', ['2:82: "has" must be a text, a number, true or false']],
    [
      'require: [{claim: a, is: 9007199254740993}]',
      [
        '2:77: "is" must be an integer that JSON holds exactly, up to 9007199254740991; as a text it must be in quotes',
      ],
    ],
    [
      'require: [{claim: a, is: .inf}]',
      ['2:77: "is" must be a text, a number, true or false, or a list of these'],
    ],
    [
      'require: [{claim: a, is: "{org}"}]',
      ['2:77: "is" must be the value itself; only a route has a path parameter such as "{org}"'],
    ],
    [
      'require: [{claim: a, is: [b, "x{org}"]}]',
      ['2:81: "is" must be the value itself; only a route has a path parameter such as "{org}"'],
    ],
    [
      'require: [{claim: a, is: b, shadow: true}]',
      [
        '2:80: "shadow" means nothing in a condition of an issuer, which decides whether a token is valid; to try the condition without refusing, move it into "require" of the routes',
      ],
    ],
    ['claims: {app: iat}', ['2:66: "iat" is a time, and holds no app\'s id']],
    ['claims: {scope: iss}', ['2:68: "iss" is the same in all tokens of this issuer, and holds no scopes']],
    [
      'claims: {app: [azp, client_id]}',
      [
        '2:61: a list is a path into objects, and "azp" is none; name one claim, "azp" or "client_id", or {first: [azp, client_id]} for the first that is present',
      ],
    ],
    [
      'claims: {scope: [scp, roles]}',
      [
        '2:61: a list is a path into objects, and "scp" is none; name one claim, "scp" or "roles", or {union: [scp, roles]} for all of them',
      ],
    ],
    [
      'claims: {app: user, scope: [user, roles]}',
      [
        '2:52: "app" and "scope" cannot both be there: "user" would have to be an object and hold a value itself',
      ],
    ],
    ['claims: {app: aud, scope: aud}', ['2:52: "app" and "scope" cannot both be the audience']],
    ['claims: {app: {first: []}}', ['2:67: "first" must not be an empty list']],
    ['claims: {app: {first: azp}}', ['2:74: "first" must be a list of claims']],
    ['claims: {app: {union: [azp]}}', ['2:61: missing key "first"', '2:67: unknown key "union"']],
    ['claims: {scope: {union: [scp, exp]}}', ['2:61: "exp" is a time, and holds no scopes']],
    [
      'claims: {scope: {union: [[scp, roles]]}}',
      [
        '2:61: a list is a path into objects, and "scp" is none; name one claim, "scp" or "roles", or {union: [scp, roles]} for all of them',
      ],
    ],
    [
      'claims: {app: {first: [azp, user]}, scope: {union: [scp, [user, roles]]}}',
      [
        '2:52: "app" and "scope" cannot both be there: "user" would have to be an object and hold a value itself',
      ],
    ],
    ['claims: {role: x}', ['2:61: unknown key "role"']],
    ['token_types: JOSE', ['2:65: "token_types" must be a list of token types']],
    ['token_types: []', ['2:52: "token_types" must not be an empty list']],
    [
      'token_types: ["a b"]',
      ['2:66: "a b" is no token type; use a typ such as JWT, at+jwt or JOSE, or absent'],
    ],
    ['token_types: [5]', ['2:66: "token_types" must be a typ such as JWT, at+jwt or JOSE, or absent']],
    ['require_exp: 1', ['2:65: "require_exp" must be true or false']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(issuerWith(written))).toEqual(problems);
  });

  it.each([
    'jwks: "http://localhost:1/jwks"',
    'jwks: "http://127.0.0.2:1/jwks"',
    'jwks: "http://[::1]:1/jwks"',
    'jwks: "http://[::ffff:127.0.0.1]:1/jwks"',
    'jwks: "http://LOCALHOST:1/jwks"',
    'token_types: [JOSE, at+jwt, application/jwt, absent]',
    'jwks: "${FIXTURES}/legacy-jwks.json"',
    'clock_skew: 5m',
    'claims: {scope: sub}',
    'claims: {app: {first: [azp, [client, id]]}, scope: {union: [scp, [realm_access, roles]]}}',
    'claims: {app: [client, id], scope: [realm_access, roles]}',
    'claims: {app: [realm, app], scope: [realm, scope]}',
    'algorithms: [RS256, PS384, ES512]',
    'algorithms: [EdDSA, Ed25519]',
    'require_exp: false',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(issuerWith(written))).toEqual([]);
  });
});

describe('a placeholder in an issuer', () => {
  const entra = 'https://login.microsoftonline.com';
  it.each([
    [`${entra}/:tenant/v2.0`, `":tenant": write ${entra}/TENANT/v2.0 with the value in its place`],
    [`${entra}/$TENANT/v2.0`, `"$TENANT": write ${entra}/TENANT/v2.0 with the value in its place`],
    [`${entra}/{tenantid}/v2.0`, `"{tenantid}": write ${entra}/TENANTID/v2.0 with the value in its place`],
    [`${entra}/<tenant>/v2.0`, `"<tenant>": write ${entra}/TENANT/v2.0 with the value in its place`],
    [`${entra}/%7Btid%7D/v2.0`, `"%7Btid%7D": write ${entra}/TID/v2.0 with the value in its place`],
    [`${entra}/common/v2.0`, `"common": write ${entra}/COMMON/v2.0 with the value in its place`],
    ['https://*.okta.example', '"*": write https://VALUE.okta.example with the value in its place'],
  ])('is an error in %s', async (iss, text) => {
    expect(await problemsOf(planted('https://i.example"', `${iss}"`))).toEqual([
      `2:18: "issuer" must be the tokens' iss as it stands in them, which never has ${text}`,
    ]);
  });

  it('is an error in an audience and in the address of the keys', async () => {
    expect(await problemsOf(planted('audience: a', 'audience: "api://{client-id}"'))).toEqual([
      '2:49: "audience" must be the tokens\' aud as it stands in them, which never has "{client-id}": write the value itself',
    ]);
    expect(await problemsOf(planted('audience: a', 'audience: "one,two"'))).toEqual([
      '2:49: "one,two" is not an audience; write a list: [one, two]',
    ]);
    expect(await problemsOf(issuerWith('jwks: "https://a/{tenant}/jwks"'))).toEqual([
      '2:58: "jwks" must have the value of {tenant} in its place',
    ]);
  });

  it.each(['a{b}', 'urn:example:a', 'My gate'])('is accepted in the iss %s', async (iss) => {
    expect(await problemsOf(planted('https://i.example"', `${iss}"`))).toEqual([]);
  });
});

describe('several issuers', () => {
  const main = '  main: {issuer: "https://i.example", audience: a, jwks: "https://i.example/jwks"}\n';
  const issuers = (...lines: string[]) => planted(main, lines.map((line) => `  ${line}\n`).join(''));
  const keys = 'audience: a, jwks: "https://a.example", grants: [a]';

  it('must state the audience of their tokens', async () => {
    expect(await problemsOf(planted('audience: a, ', ''))).toEqual([
      '2:3: missing key "audience"; without it tokens for other services would be accepted: set the expected aud, or audience: false',
    ]);
    expect(await problemsOf(planted('audience: a', 'audience: true'))).toEqual([
      '2:49: "audience" must be one audience, a list of them, {claim, any}, or false where tokens carry none',
    ]);
    expect(await problemsOf(planted('audience: a', 'audience: ["", a]'))).toEqual([
      '2:50: "audience" must not be empty',
    ]);
    expect(await problemsOf(planted('audience: a', 'audience: ""'))).toEqual([
      '2:49: "audience" must not be empty',
    ]);
    expect(await problemsOf(planted('audience: a', 'audience: false'))).toEqual([]);
  });

  it.each(['tokens', 'named'])('cannot have the name %s of the token service', async (name) => {
    expect(await problemsOf(planted('main:', `${name}:`))).toEqual([
      `2:3: "${name}" is a name reserved for the token service; choose another`,
    ]);
  });

  it('have names that are valid in a key', async () => {
    expect(await problemsOf(planted('main:', '"a b":'))).toEqual([
      '2:3: "a b" must be a name of letters, digits, "-", "_" and ".", beginning with a letter or digit',
    ]);
  });

  it('must have a safe discovery address if they name no keys', async () => {
    const discovered = (iss: string) => problemsOf(issuers(`main: {issuer: ${iss}, audience: a}`));
    const why = '2:18: without "jwks" the keys are discovered at this URL, which';
    expect(await discovered('https://i.example')).toEqual([]);
    expect(await discovered('http://127.0.0.1:7000')).toEqual([]);
    expect(await discovered('false')).toEqual([
      '2:18: an issuer without iss needs "jwks", since its keys cannot be discovered',
    ]);
    expect(await discovered('http://i.example')).toEqual([
      `${why} must be https; http is accepted only on loopback, since keys read over it can be forged; in a network that you trust, insecure_http: true accepts it`,
    ]);
    expect(await discovered('"https://i.example/?a=b"')).toEqual([`${why} must be a URL without a query`]);
    expect(await discovered('plain')).toEqual([`${why} must be a URL that begins with http:// or https://`]);
  });

  it('must each state their grants if there are two', async () => {
    const two = issuers(
      'one: {issuer: "https://one.example", audience: a}',
      'two: {issuer: "https://two.example", audience: a}',
    );
    const text =
      'missing key "grants": with two issuers or more, each says the most that its tokens can open';
    expect(await problemsOf(two)).toEqual([`2:3: ${text}`, `3:3: ${text}`]);
  });

  it('must each have their own iss', async () => {
    expect(await problemsOf(issuers(`one: {issuer: x, ${keys}}`, `two: {issuer: x, ${keys}}`))).toEqual([
      '3:17: the issuer "one" has this iss already; a token must belong to one issuer',
    ]);
    expect(
      await problemsOf(issuers(`one: {issuer: false, ${keys}}`, `two: {issuer: false, ${keys}}`)),
    ).toEqual(['3:17: only one issuer can have issuer: false, and "one" has it already']);
    expect(
      await problemsOf(issuers(`one: {issuer: false, ${keys}}`, `two: {issuer: "false", ${keys}}`)),
    ).toEqual([]);
  });

  it('are required by a route with scope', async () => {
    const none = VALID.slice(VALID.indexOf('upstreams'));
    const text = 'a route with "scope" needs an issuer of tokens; add one under "issuers"';
    expect(await problemsOf(none)).toEqual([`6:12: ${text}`]);
    expect(await problemsOf(`issuers: {}\n${none}`)).toEqual([`7:12: ${text}`]);
    expect(await problemsOf(none.replace('scope: a:read', 'public: true'))).toEqual([]);
  });

  it('are stored by name', async () => {
    expect(await problemsOf(onTop('issuers: 5').replace(`issuers:\n${main}`, ''))).toContain(
      '1:10: "issuers" must be issuers by name',
    );
  });
});

describe('the claims of an issuer', () => {
  it('are one claim, the first of several, or all of them', async () => {
    const claims =
      'claims: {app: {first: [azp, [client, id]]}, scope: {union: [scp, "a.b", [realm_access, roles]]}}';
    const { settings, warnings } = await load(issuerWith(claims));
    expect(settings.issuers[0]?.claims).toEqual({
      app: [['azp'], ['client', 'id']],
      scope: [['scp'], ['a.b'], ['realm_access', 'roles']],
    });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['claims: {scope: realm_access.roles}', 'realm_access.roles', '[realm_access, roles]', 68],
    ['claims: {app: {first: [azp, ext.app]}}', 'ext.app', '[ext, app]', 80],
    ['claims: {scope: custom.roles}', 'custom.roles', '[custom, roles]', 68],
    ['require: [{claim: app_metadata.tier, is: gold}]', 'app_metadata.tier', '[app_metadata, tier]', 70],
  ])('%s has a warning that shows the list', async (written, name, list, column) => {
    const { warnings } = await load(issuerWith(written));
    expect(warnings.map(({ line, column: at, text }) => [line, at, text])).toEqual([
      [2, column, `"${name}" is the name of one claim, dots included; the path into an object is ${list}`],
    ]);
  });

  it('of a condition on a route have the same warning', async () => {
    const { warnings } = await load(onRoute('require: [{claim: realm_access.roles, has: admin}]'));
    expect(warnings.map(({ line, text }) => [line, text])).toEqual([
      [
        9,
        '"realm_access.roles" is the name of one claim, dots included; the path into an object is [realm_access, roles]',
      ],
    ]);
  });

  it.each(['"https://example.com/roles"', 'kubernetes.io', 'com.example.roles', '"urn:a.roles"', 'a..roles'])(
    'with the name %s have no warning',
    async (name) => {
      expect((await load(issuerWith(`claims: {scope: ${name}}`))).warnings).toEqual([]);
    },
  );
});

describe('the audience of an issuer', () => {
  const audienceWith = (audience: string): string => planted('audience: a', `audience: ${audience}`);

  it('can be in another claim', async () => {
    const { settings } = await load(audienceWith('{claim: client_id, any: [abc, def]}'));
    expect(settings.issuers[0]).toMatchObject({ audience: ['abc', 'def'], audienceClaim: ['client_id'] });
    const nested = await load(audienceWith('{claim: [client, id], any: [abc]}'));
    expect(nested.settings.issuers[0]?.audienceClaim).toEqual(['client', 'id']);
    expect((await load(VALID)).settings.issuers[0]?.audienceClaim).toEqual(['aud']);
    const dotted = await load(audienceWith('{claim: cnf.client_id, any: [abc]}'));
    expect(dotted.warnings).toHaveLength(1);
  });

  it.each([
    ['{claim: client_id}', ['2:39: missing key "any"']],
    ['{any: [abc]}', ['2:39: missing key "claim"']],
    ['{claim: client_id, any: []}', ['2:68: "any" must not be an empty list']],
    ['{claim: client_id, any: abc}', ['2:73: "any" must be a list of audiences']],
    [
      '{claim: client_id, any: ["{id}"]}',
      [
        '2:74: "any" must be the tokens\' aud as it stands in them, which never has "{id}": write the value itself',
      ],
    ],
    [
      'true',
      [
        '2:49: "audience" must be one audience, a list of them, {claim, any}, or false where tokens carry none',
      ],
    ],
  ])('with the value %s is refused', async (audience, problems) => {
    expect(await problemsOf(audienceWith(audience))).toEqual(problems);
  });
});
