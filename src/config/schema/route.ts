/** The schema of routes. */
import { z } from 'zod';
import type { ScopeRequirement } from '../../model/route.js';
import { ParseError } from '../problem.js';
import { routeConditions } from './condition.js';
import { cors } from './cors.js';
import { scope, singleScope } from './issuer.js';
import { hosts, requestHost } from './host.js';
import { limit } from './limit.js';
import { parseMatch, parseMethod, parseRewrite } from './match.js';
import { responseHeaders } from './response-headers.js';
import { count, duration, failurePolicy, flag, given, list, phrase, single, size, words } from './values.js';

const SCOPE_FORM = 'a scope, a list of scopes (all of them), {any: [...]} or {all: [...]}';
/** As the whole value, in place of a scope: any valid token. In a list it is a scope of that name. */
const NO_SCOPE = 'none';
const scopes = list(scope, 'a list of scopes');

const requirement = z.union(
  [
    z.literal(NO_SCOPE).transform((): ScopeRequirement => ({ mode: 'all', scopes: [] })),
    singleScope.transform((each): ScopeRequirement => ({ mode: 'all', scopes: [each] })),
    scopes.transform((all): ScopeRequirement => ({ mode: 'all', scopes: all })),
    z
      .strictObject({
        any: scopes.optional().describe('Scopes of which one is enough.'),
        all: scopes.optional().describe('Scopes of which every one is needed.'),
      })
      .transform(({ any, all }, context): ScopeRequirement => {
        if (any && !all) return { mode: 'any', scopes: any };
        if (all && !any) return { mode: 'all', scopes: all };
        context.issues.push({
          code: 'custom',
          message: 'must have either "any" or "all"',
          input: { any, all },
        });
        return z.NEVER;
      }),
  ],
  { error: given(`must be ${SCOPE_FORM}`) },
);

const expectation = z.strictObject({
  host: requestHost.optional().describe("The request's host; absent: the route's first."),
  method: phrase(
    (text) => (/^(TRACE|CONNECT)$/.test(text) ? text : parseMethod(text)),
    'a method such as GET',
  )
    .optional()
    .describe("The request's method; absent: the first of the route."),
  path: phrase(
    (text) => (/^\/[\x21-\x7e]*$/.test(text) ? text : new ParseError('must be a path that begins with "/"')),
    'a path that begins with "/"',
  ).describe("The request's path."),
  scopes: z
    .array(scope, { error: given('must be a list of scopes, such as ["notarization:read"]') })
    .optional()
    .describe(
      "The scopes of the request's token; absent: it has no token. The token counts as one in a place that its issuer accepts.",
    ),
  claims: z
    .record(z.string(), z.unknown(), { error: given('must be claims with values, such as {org_id: acme}') })
    .default({})
    .describe("Further claims of the request's token: {org_id: acme}."),
  status: count(100, 599).describe(
    'The expected status; 200 means that this route would forward the request, also where a rule in shadow would refuse it.',
  ),
});

/** A route. */
export const route = z.strictObject({
  host: hosts
    .optional()
    .describe(
      'The hosts that requests must be for: api.example.com, "*.example.com", or a list; absent: any.',
    ),
  match: phrase(parseMatch, 'methods and a path, such as "GET /a/{id}"').describe(
    'Methods and path: "GET /a/{id}", "GET,POST /a", "* /files/{path*}". A placeholder is a whole segment; ' +
      '{name*} is one or more, {name**} also none.',
  ),
  upstream: words("an upstream's name").describe('The name of the upstream that gets the requests.'),
  scope: requirement
    .optional()
    .describe(
      `What a token must grant: ${SCOPE_FORM}; or none: any valid token. This or "public" is required.`,
    ),
  shadow: flag()
    .optional()
    .describe(
      'true: a valid token without the scope is let through and recorded; a request without one is still refused.',
    ),
  require: routeConditions()
    .optional()
    .describe(
      'What the token must have besides: a list of {claim, is}, {claim, has} or {claim, absent}; "{org}" is the path parameter. A miss is 403.',
    ),
  public: flag().optional().describe('true: the route needs no token. This or "scope" is required.'),
  issuer: z
    .union(
      [
        single((text) => (text === '' ? new ParseError('must not be empty') : [text]), {
          mustBe: "an issuer's name",
        }),
        list(words("an issuer's name"), "a list of issuers' names"),
      ],
      {
        error: given("must be an issuer's name or a list of them"),
      },
    )
    .optional()
    .describe('The issuers whose tokens are accepted here, a name or a list; absent: all.'),
  limit: limit
    .optional()
    .describe(
      'How many requests are forwarded: "10 per 2m", {requests, window, by}, a list of these, or none. Absent: that of defaults.',
    ),
  on_failure: failurePolicy()
    .optional()
    .describe(
      'What happens to requests that cannot be counted, instead of redis.on_failure: local, open or closed.',
    ),
  max_body: size()
    .optional()
    .describe('The largest request body (413): 512kb, 10mb. Absent: that of defaults.'),
  rewrite: phrase(parseRewrite, 'a path such as /v1/{path}')
    .optional()
    .describe("The path that the upstream gets, with the match's placeholders: /v1/{path}."),
  timeout: duration()
    .optional()
    .describe("Time limit for the head of the response (504), instead of the upstream's: 5s."),
  response_headers: responseHeaders
    .optional()
    .describe(
      'Changes to the header of responses of the upstream: {set: {Cache-Control: no-store}, remove: [Server]}.',
    ),
  allow_encoded_slash: flag()
    .default(false)
    .describe(
      'Whether a path may contain %2F. A path that a stricter route would match with a slash instead is 404.',
    ),
  cors: cors.optional().describe("Cross-origin rules of this route, instead of the file's."),
  expect: z
    .array(expectation, {
      error: given('must be a list of cases {host, method, path, scopes, claims, status}'),
    })
    .default([])
    .describe('Cases that `tollgate check` runs.'),
});
