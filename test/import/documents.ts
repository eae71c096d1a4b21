/** Random OpenAPI documents, and a naive reading of them: which callers a document admits to a request. */
import fc from 'fast-check';

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument -- documents are read without a schema */

type Security = readonly Readonly<Record<string, readonly string[]>>[];

export interface RandomOperation {
  readonly method: string;
  /** As in the document. */
  readonly path: string;
  /** With the base path of its server. */
  readonly wholePath: string;
  /** What applies to it, its own or the document's; undefined: nobody knows. */
  readonly security: Security | undefined;
}

export interface RandomDocument {
  readonly document: object;
  readonly operations: readonly RandomOperation[];
}

/** The schemes whose scopes the tokens of the tests have. */
const TOKEN_SCHEMES = new Set(['oauth', 'oidc']);
const SCHEMES = {
  oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.test/token', scopes: {} } } },
  oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://id.test/.well-known/openid-configuration' },
  other: {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: 'https://other.test/token', scopes: {} } },
  },
  bearer: { type: 'http', scheme: 'bearer' },
  key: { type: 'apiKey', in: 'header', name: 'X-Key' },
};
export const SCOPES = ['s1', 's2', 's3'] as const;

const scopes = fc.uniqueArray(fc.constantFrom(...SCOPES, 'not a scope', '${HOME}'), { maxLength: 2 });
const alternative = fc.dictionary(
  fc.constantFrom(...Object.keys(SCHEMES), 'oauth', 'oauth', 'missing'),
  scopes,
  {
    maxKeys: 2,
  },
);
const security = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Security>([]) },
  { weight: 6, arbitrary: fc.array(alternative, { maxLength: 3 }) },
);
const segment = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'A', 'me', '{x}', '{x}', '{y}', '{dashed-name}') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '{x}.json',
      'a.json',
      'v{n}',
      '{x},{y}',
      '{path*}',
      ':id',
      '*',
      '%61',
      'ä',
      'a b',
      '$x',
      '%2F',
      ';',
    ),
  },
);
const path = fc
  .tuple(
    fc.array(segment, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '', '/', '#part', '?q=1'),
  )
  .map(([segments, end]) => `/${segments.join('/')}${end}`);
const base = fc.constantFrom('', '', '/v1', '/a');
const method = fc.constantFrom('get', 'get', 'get', 'post', 'head', 'options', 'trace');
const operation = fc.record({
  security: fc.option(security, { nil: undefined }),
  base: fc.option(base, { nil: undefined, freq: 5 }),
  matrix: fc.boolean().map((chosen) => chosen && 'matrix'),
});
const item = fc.oneof(
  { weight: 1, arbitrary: fc.constant('elsewhere' as const) },
  { weight: 9, arbitrary: fc.dictionary(method, operation, { minKeys: 1, maxKeys: 3 }) },
);

export const randomDocument: fc.Arbitrary<RandomDocument> = fc
  .record({
    security: fc.option(security, { nil: undefined }),
    base,
    paths: fc.dictionary(path, item, { minKeys: 1, maxKeys: 7 }),
    style: fc.nat(9),
  })
  .map(({ security: usual, base: usualBase, paths, style }) => {
    const operations: RandomOperation[] = [];
    const written: Record<string, unknown> = {};
    for (const [each, methods] of Object.entries(paths)) {
      if (methods === 'elsewhere') {
        written[each] = { $ref: 'other.yaml#/paths' };
        for (const name of ['GET', 'POST', 'HEAD', 'OPTIONS'])
          operations.push({ method: name, path: each, wholePath: usualBase + each, security: undefined });
        continue;
      }
      written[each] = Object.fromEntries(
        Object.entries(methods).map(([name, { security: own, base: ownBase, matrix }]) => {
          const wholePath = (ownBase ?? usualBase) + each;
          operations.push({ method: name.toUpperCase(), path: each, wholePath, security: own ?? usual });
          const parameter = { name: 'x', in: 'path', style: 'matrix' };
          return [
            name,
            {
              ...(own && { security: own }),
              ...(ownBase !== undefined && { servers: [{ url: `https://api.test${ownBase}` }] }),
              ...(matrix && style === 0 && { parameters: [parameter] }),
            },
          ];
        }),
      );
    }
    const document = {
      openapi: '3.1.0',
      info: { title: 'Random', version: '1' },
      servers: [{ url: `https://api.test${usualBase}` }],
      ...(usual && { security: usual }),
      components: { securitySchemes: SCHEMES },
      paths: written,
    };
    return { document, operations };
  });

/** Whether an operation lets a caller through. Undefined scopes: no token. Silence opens nothing. */
export function opensTo(
  { security: needed }: RandomOperation,
  caller: readonly string[] | undefined,
): boolean {
  if (!needed) return false;
  if (needed.every((each) => Object.keys(each).length === 0)) return true;
  return needed.some((each) => {
    const schemes = Object.entries(each);
    // That a token is optional beside other alternatives is no reason to open it.
    if (schemes.length === 0 || !caller) return false;
    return schemes.every(
      ([name, required]) =>
        TOKEN_SCHEMES.has(name) && required.length > 0 && required.every((scope) => caller.includes(scope)),
    );
  });
}

/** The segments of a template or a path as a lenient server reads them. */
function segmentsOf(text: string): string[] {
  const segments = decodeURI(text.replace(/[?#].*$/, ''))
    .toLowerCase()
    .slice(1)
    .split('/');
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function decoded(text: string): string {
  return decodeURIComponent(text);
}

function matches(template: readonly string[], request: readonly string[]): boolean {
  return (
    template.length === request.length &&
    template.every((text, at) => {
      const pattern = text
        .split(/\{[^}]*\}/)
        .map((part) => decoded(part).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${pattern.join('.+')}$`).test(decoded(request[at]!));
    })
  );
}

/** Whether every segment of the first is as concrete as that of the other, and one of them more. */
function isNarrower(one: readonly string[], other: readonly string[]): boolean {
  const isWhole = (text: string): boolean => /^\{[^{}]*\}$/.test(text);
  const same = (at: number): boolean => one[at] === other[at] || (isWhole(one[at]!) && isWhole(other[at]!));
  return (
    one.some((_text, at) => !same(at)) &&
    one.every((text, at) => same(at) || (!text.includes('{') && isWhole(other[at]!)))
  );
}

/**
 * Returns the operations that a request may belong to. A concrete path comes before a template; a HEAD operation before a GET
 * operation of the same path.
 */
export function candidates(
  operations: readonly RandomOperation[],
  method: string,
  request: string,
): readonly RandomOperation[] {
  const sent = segmentsOf(request);
  const matching = operations
    .filter((each) => each.method === method || (method === 'HEAD' && each.method === 'GET'))
    .map((each) => ({ each, template: segmentsOf(each.wholePath) }))
    .filter(({ template }) => matches(template, sent));
  return matching
    .filter(
      ({ each, template }) =>
        !matching.some((other) => isNarrower(other.template, template)) &&
        !(
          each.method !== method &&
          matching.some(
            (other) =>
              other.each.method === method && unnamed(other.each.wholePath) === unnamed(each.wholePath),
          )
        ),
    )
    .map(({ each }) => each);
}

function unnamed(path: string): string {
  return decodeURI(path).replace(/\{[^{}]*\}/g, '{}');
}

/** Whether the document lets the caller through to a request, whichever of its operations it belongs to. */
export function admits(
  operations: readonly RandomOperation[],
  method: string,
  request: string,
  caller: readonly string[] | undefined,
): boolean {
  const all = candidates(operations, method, request);
  return all.length > 0 && all.every((each) => opensTo(each, caller));
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Reads the operations of a published document; references to path items are followed within it. */
export function operationsOf(document: any): RandomOperation[] {
  const baseOf = (servers: any): string | undefined => {
    const [server] = servers ?? [];
    if (server === undefined) return undefined;
    const variables = server.variables ?? {};
    const url: string = server.url.replace(/\{(\w+)\}/g, (_whole: string, name: string) =>
      String(variables[name]?.default),
    );
    return url.replace(/^https?:\/\/[^/]*/, '').replace(/\/$/, '');
  };
  const operations: RandomOperation[] = [];
  for (const [path, value] of Object.entries<any>(document.paths)) {
    const name: string | undefined = value.$ref;
    const item = name?.startsWith('#/paths/')
      ? document.paths[name.slice('#/paths/'.length).replaceAll('~1', '/')]
      : value;
    for (const method of METHODS.filter((each) => each in item)) {
      const operation = item[method];
      const base = baseOf(operation.servers) ?? baseOf(item.servers) ?? baseOf(document.servers) ?? '';
      const security: Security | undefined = operation.security ?? document.security;
      operations.push({ method: method.toUpperCase(), path, wholePath: base + path, security });
    }
  }
  return operations;
}
