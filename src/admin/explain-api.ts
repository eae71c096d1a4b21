/** `POST /api/explain` of the admin port. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router } from 'express';
import { isIP } from 'node:net';
import type { AssumedCaller, Explain, ExplainRequest } from '../model/explanation.js';
import { ApiError, fieldsOf, textOf } from './api-error.js';

export interface ExplainApiOptions {
  readonly explain: Explain;
  /** The digest of the file's text; undefined without a file. */
  readonly sourceDigest: string | undefined;
}

const FIELDS = ['method', 'target', 'host', 'headers', 'ip', 'token', 'assumed', 'config'];
/** RFC 9110 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A part of the request line: anything within the line, since the gateway's parser refuses what is not HTTP. */
const LINE = /^[ -~\u0080-\u00ff]+$/;
/** A field's value without line breaks (RFC 9110 5.5). */
const VALUE = /^[\t -~\u0080-\u00ff]*$/;
const DEFAULT_IP = '127.0.0.1';

/**
 * Creates the router. Responds 400 to a request that is not valid, and 409 where the caller has another configuration than
 * the gateway. Neither the token nor another value of the request is in an error.
 */
export function createExplainApi({ explain, sourceDigest }: ExplainApiOptions): Router {
  const api = Router();
  api.post('/explain', async (req, res) => {
    const { config, ...fields } = fieldsOf(req.body, FIELDS);
    const request = explainRequestOf(fields);
    if (config !== undefined && textOf(config, 'config') !== sourceDigest)
      throw new ApiError(409, 'the gateway runs another configuration: the digest of its file differs');
    res.json(await explain(request));
  });
  return api;
}

/** @throws ApiError 400 where a field is not valid; its value is not in the text */
export function explainRequestOf(fields: Readonly<Record<string, unknown>>): ExplainRequest {
  const { method, target, host, headers, ip, token, assumed } = fields;
  if (token !== undefined && assumed !== undefined)
    throw new ApiError(400, 'give either "token" or "assumed", not both');
  return {
    method: matching(method, 'method', LINE, 'a method such as GET'),
    target: matching(target, 'target', LINE, 'a target such as /orders?page=2'),
    host: host === undefined ? undefined : matching(host, 'host', VALUE, 'the value of a Host field'),
    headers: headers === undefined ? [] : headersOf(headers),
    peer: ip === undefined ? DEFAULT_IP : addressOf(ip),
    token: token === undefined ? undefined : matching(token, 'token', VALUE, 'the text of a token'),
    assumed: assumed === undefined ? undefined : assumedOf(assumed),
  };
}

function matching(value: unknown, name: string, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new ApiError(400, `"${name}" must be ${what}`);
  return value;
}

function addressOf(value: unknown): string {
  if (typeof value !== 'string' || isIP(value) === 0) throw new ApiError(400, '"ip" must be an IP address');
  return value;
}

function headersOf(value: unknown): readonly string[] {
  const pairs: readonly unknown[] = Array.isArray(value) ? value : [undefined];
  return pairs.flatMap((pair) => {
    const [name, text, ...more] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof name !== 'string' || !TOKEN.test(name) || more.length > 0)
      throw new ApiError(400, '"headers" must be a list of pairs [name, value]');
    return [name, matching(text, 'headers', VALUE, 'a list of pairs [name, value]')];
  });
}

function assumedOf(value: unknown): AssumedCaller {
  const { scopes, app, claims, issuer } = fieldsOf(value, ['scopes', 'app', 'claims', 'issuer']);
  if (!Array.isArray(scopes) || !scopes.every((each) => typeof each === 'string'))
    throw new ApiError(400, '"assumed.scopes" must be a list of scopes');
  if (claims !== undefined && (typeof claims !== 'object' || claims === null || Array.isArray(claims)))
    throw new ApiError(400, '"assumed.claims" must be a JSON object');
  return {
    scopes,
    app: app === undefined ? undefined : textOf(app, 'assumed.app'),
    claims: claims as AssumedCaller['claims'],
    issuer: issuer === undefined ? undefined : textOf(issuer, 'assumed.issuer'),
  };
}
