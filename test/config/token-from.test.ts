import { describe, expect, it } from 'vitest';
import { issuerWith, load, problemsOf } from './planted.js';

const JWKS = 'jwks: "https://i.example/jwks"';
const withPlaces = (places: string) => issuerWith(`${JWKS}, token_from: ${places}`);

describe('the places of the tokens of an issuer', () => {
  it('are Authorization alone where the file names none', async () => {
    const { settings } = await load(issuerWith(JWKS));
    expect(settings.issuers[0]).toMatchObject({
      tokenFrom: [{ kind: 'authorization' }],
      forwardToken: false,
    });
  });

  it('are read in their order, header fields in any case', async () => {
    const { settings } = await load(
      withPlaces(
        '[authorization, {header: X-Goog-IAP-JWT-Assertion}, {cookie: __Host-session}, {query: access_token}, {websocket_protocol: bearer}], forward_token: true',
      ),
    );
    expect(settings.issuers[0]).toMatchObject({
      tokenFrom: [
        { kind: 'authorization' },
        { kind: 'header', name: 'x-goog-iap-jwt-assertion' },
        { kind: 'cookie', name: '__Host-session' },
        { kind: 'query', name: 'access_token' },
        { kind: 'websocket_protocol', name: 'bearer' },
      ],
      forwardToken: true,
    });
  });

  const FORM = 'authorization, {header: NAME}, {cookie: NAME}, {query: NAME} or {websocket_protocol: NAME}';
  const unfit = (name: string) =>
    `2:106: "header" must be a field that only holds a token, which "${name}" is not`;
  it.each<[string, string]>([
    ['authorization', `2:96: "token_from" must be a list of ${FORM}`],
    ['[]', '2:84: "token_from" must not be an empty list'],
    ['[Authorization]', `2:97: "token_from" must be a list of ${FORM}`],
    ['[5]', `2:97: "token_from" must be a list of ${FORM}`],
    ['[{}]', `2:97: "token_from" must be one of ${FORM}`],
    ['[{header: X-A, cookie: a}]', `2:97: "token_from" must be one of ${FORM}`],
    ['[{headr: X-A}]', '2:98: unknown key "headr"; did you mean "header"?'],
    ['[{header: X-A}, {header: x-a}]', '2:84: "token_from" must not have a place twice'],
    ['[authorization, authorization]', '2:84: "token_from" must not have a place twice'],
    ['[{header: "a b"}]', '2:106: "header" must be the name of a header field'],
    ['[{header: ""}]', '2:106: "header" must be the name of a header field'],
    [
      '[{header: Authorization}]',
      '2:106: "header" must be another field; for Authorization write authorization',
    ],
    ['[{header: Cookie}]', '2:106: "header" must be another field; for a cookie write {cookie: NAME}'],
    [
      '[{header: Sec-WebSocket-Protocol}]',
      '2:106: "header" must be another field; for a subprotocol write {websocket_protocol: NAME}',
    ],
    ['[{header: Host}]', unfit('Host')],
    ['[{header: X-App-Id}]', unfit('X-App-Id')],
    ['[{header: X_Forwarded_For}]', unfit('X_Forwarded_For')],
    ['[{header: Proxy-Authorization}]', unfit('Proxy-Authorization')],
    ['[{cookie: "a=b"}]', '2:106: "cookie" must be a name of letters, digits and "-", ".", "_" or the like'],
    [
      '[{query: "a&b"}]',
      '2:105: "query" must be the name of a parameter: letters, digits, "-", ".", "_" and "~"',
    ],
    [
      '[{websocket_protocol: "a, b"}]',
      '2:118: "websocket_protocol" must be a name of letters, digits and "-", ".", "_" or the like',
    ],
  ])('%s are an error', async (places, problem) => {
    expect(await problemsOf(withPlaces(places))).toEqual([problem]);
  });

  it.each(['X-Real-Client', 'x-real-client', 'X_Real_Client'])(
    'cannot be client_ip_header: {header: %s}',
    async (header) => {
      const text = `client_ip_header: X-Real-Client\ntrust_proxy: [10.0.0.1]\n${withPlaces(`[{header: ${header}}]`)}`;
      expect(await problemsOf(text)).toEqual([
        '4:106: "X-Real-Client" is client_ip_header, the address of the client, and holds no token',
      ]);
      expect(await problemsOf(text.replace(`header: ${header}`, 'header: X-Other'))).toEqual([]);
    },
  );

  it('are named in a warning where forward_token applies to none of them', async () => {
    const warningsOf = async (places: string) =>
      (await load(withPlaces(`${places}, forward_token: true`))).warnings.map(({ text }) => text);
    const text = '"forward_token" forwards nothing: "token_from" has no header field and no cookie';
    expect(await warningsOf('[authorization]')).toEqual([text]);
    expect(await warningsOf('[{query: a}, {websocket_protocol: b}]')).toEqual([text]);
    expect(await warningsOf('[authorization, {cookie: a}]')).toEqual([]);
    expect((await load(withPlaces('[{query: a}]'))).warnings).toEqual([]);
  });

  it('take true or false for forward_token', async () => {
    expect(await problemsOf(issuerWith(`${JWKS}, forward_token: yes please`))).toEqual([
      '2:99: "forward_token" must be true or false',
    ]);
  });
});
