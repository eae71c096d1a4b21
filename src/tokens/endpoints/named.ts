/** `POST /token/create`: issues a named token for an app's secret. */
import { covers } from '../../model/scope.js';
import { forbiddenCharacter } from '../../model/name.js';
import type { TokenEndpoints } from '../../model/tokens.js';
import type { Audit } from '../../model/audit.js';
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import type { AppLimit } from '../app-limit.js';
import type { ClaimsMaker, NamedRequest } from '../claims.js';
import { INVALID_SCOPE, invalidRequest, OAuthError, tooManyTokens } from '../oauth-error.js';
import type { TokenSigner } from '../deps.js';
import type { App, Registry } from '../registry/registry.js';
import { prefersJson } from '../../shared/accept.js';
import { parseDate } from '../request/date.js';
import { readParameters, type Parameters, type ParameterSources } from '../request/parameters.js';
import type { AppAuthenticator, Origin } from './app.js';
import { jsonResponse, type EndpointResponse, type Endpoint } from './endpoint.js';

export interface NamedOptions {
  readonly apps: AppAuthenticator;
  readonly registry: Registry;
  readonly claims: ClaimsMaker;
  readonly signer: TokenSigner;
  readonly issueLimit: AppLimit;
  /** Notes that an app gets a token. */
  readonly recordAppUse: (key: string) => void;
  readonly audit: Audit;
  readonly now: () => number;
}

const SOURCES: ParameterSources = {
  body: ['multipart/form-data', 'application/x-www-form-urlencoded'],
  repeatable: 'permission',
};

/** In characters. Both texts become claims, and the token must fit into a request's header. */
const MAX_NAME = 200;
const MAX_DESCRIPTION = 500;

const INCOMPLETE = invalidRequest('The secret, the name or the description is missing');
const INVALID_TEXT = invalidRequest(
  'The name or the description is too long, has control characters, or characters that reverse its direction',
);
const BAD_DATE = invalidRequest('A date is no YYYY-MM-DDTHH:MM of the calendar');
const PAST_DATE = invalidRequest('A date is in the past');
const EXPIRES_BEFORE_START = invalidRequest('The expiration_date is not after the not_before_date');

const MINUTE_S = 60;

/** Creates `POST /token/create`. */
export function createNamed(
  { permissions }: NonNullable<TokenEndpoints['named']>,
  { apps, registry, claims, signer, issueLimit, recordAppUse, audit, now }: NamedOptions,
): Endpoint {
  /** Validates everything that does not depend on the app. */
  function readRequest(parameters: Parameters): NamedRequest | OAuthError {
    const name = parameters.one('name');
    const description = parameters.one('description');
    if (name === undefined || description === undefined) return INCOMPLETE;
    if (!isValidText(name, MAX_NAME) || !isValidText(description, MAX_DESCRIPTION)) return INVALID_TEXT;
    const dates = readDates(parameters, now() / 1000);
    if (dates instanceof OAuthError) return dates;
    const chosen = new Map<string, number>();
    for (const permission of parameters.all('permission')) {
      const number = permissions.get(permission);
      if (number === undefined) return INVALID_SCOPE;
      chosen.set(permission, number);
    }
    return { name, description, ...dates, permissions: [...chosen] };
  }

  async function create(app: App, request: NamedRequest, from: Origin): Promise<string> {
    const token = claims.forName(app, request);
    const { jti } = token;
    const { name, description, expiration } = request;
    const endsAtMs = expiration === undefined ? undefined : expiration * 1000;
    // It is recorded before it is issued, so that the registry knows every named token.
    const { key: clientId, generation } = app;
    const createdAtMs = now();
    await registry.addNamedToken({ jti, clientId, name, description, createdAtMs, endsAtMs, generation });
    const { clientIp: client_ip, requestId: request_id } = from;
    audit({ action: 'named_token_created', by: 'app', actor: app.key, client_ip, request_id, token: jti });
    return signer.sign(token, app.key);
  }

  return {
    name: 'named',
    method: ENDPOINT_METHODS.named,
    async respond(call) {
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const secret = parameters.one('secret');
      if (secret === undefined) return INCOMPLETE;
      const request = readRequest(parameters);
      if (request instanceof OAuthError) return request;
      const app = await apps.bySecret(secret, 'named', call);
      if (app instanceof OAuthError) return app;
      if (!mayGrant(app, request)) return INVALID_SCOPE;
      const retryAfterS = await issueLimit.consume(app.key);
      if (retryAfterS !== undefined) return tooManyTokens(retryAfterS);
      recordAppUse(app.key);
      const token = await create(app, request, call);
      return prefersJson(call.req.headers.accept) ? jsonResponse({ token }) : textResponse(token);
    },
  };
}

/** Whether the app's scopes cover the token's permissions. */
function mayGrant({ scopes }: App, { permissions }: NamedRequest): boolean {
  return permissions.every(([name]) => scopes.some((scope) => covers(scope, name)));
}

function isValidText(text: string, maxLength: number): boolean {
  return text.length <= maxLength && forbiddenCharacter(text) === undefined;
}

function readDates(
  parameters: Parameters,
  nowS: number,
): Pick<NamedRequest, 'notBefore' | 'expiration'> | OAuthError {
  const notBefore = readDate(parameters.one('not_before_date'));
  const expiration = readDate(parameters.one('expiration_date'));
  if (notBefore === 'bad' || expiration === 'bad') return BAD_DATE;
  // Dates have no seconds, so a start within the current minute is not in the past.
  if (notBefore !== undefined && notBefore <= nowS - MINUTE_S) return PAST_DATE;
  if (expiration !== undefined && expiration <= nowS) return PAST_DATE;
  if (notBefore !== undefined && expiration !== undefined && expiration <= notBefore)
    return EXPIRES_BEFORE_START;
  return { notBefore, expiration };
}

function readDate(text: string | undefined): number | 'bad' | undefined {
  return text === undefined ? undefined : (parseDate(text) ?? 'bad');
}

function textResponse(body: string): EndpointResponse {
  return { status: 200, fields: ['Content-Type', 'text/plain; charset=utf-8'], body };
}
