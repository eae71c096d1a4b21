/**
 * HAProxy with jwt_verify and a stick table in its own memory, in one thread: its configuration for an
 * environment.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackContext } from './context.js';

/** @returns the configuration's path */
export async function configureHaproxy(port: number, folder: string, context: StackContext): Promise<string> {
  const { keys } = (await (await fetch(context.jwks)).json()) as { keys: JsonWebKey[] };
  const key = join(folder, 'haproxy.pem');
  await writeFile(
    key,
    createPublicKey({ key: keys[0]!, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  );
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, configuration(port, key, context));
  return file;
}

function configuration(port: number, key: string, context: StackContext): string {
  const { requests, windowS } = context.limit;
  // HAProxy 2.6 cannot read a whole list from a token, only its members.
  const scopes = [0, 1, 2]
    .map((place) => `{ var(txn.bearer),jwt_payload_query('$.scope[${place}]') -m str ${context.scope} }`)
    .join(' || ');
  return `
global
  nbthread 1
  maxconn 4096
  tune.bufsize 32768
defaults
  mode http
  timeout client 60s
  timeout server 30s
  timeout connect 2s
  timeout http-keep-alive 60s
  option http-keep-alive
  http-reuse always
frontend gate
  bind 127.0.0.1:${port}
  stick-table type string len 96 size 1m expire ${windowS * 2}s store http_req_rate(${windowS}s)
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless { var(txn.bearer) -m found }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_header_query('$.alg') -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_payload_query('$.iss') -m str ${context.issuer} }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_payload_query('$.aud') -m str ${context.audience} }
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.exp),sub(txn.now) -m int gt 0 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify('RS256',"${key}") -m int 1 }
  http-request deny deny_status 403 unless ${scopes}
  http-request set-var(txn.app) var(txn.bearer),jwt_payload_query('$.sub')
  http-request track-sc0 var(txn.app),concat(:,txn.path)
  http-request set-var(txn.used) sc_http_req_rate(0)
  http-request deny deny_status 429 if { var(txn.used) -m int gt ${requests} }
  http-request set-header X-App-Id %[var(txn.app)]
  http-response set-var(txn.left) int(${requests}),sub(txn.used)
  http-response set-header X-RateLimit-Limit ${requests}
  http-response set-header X-RateLimit-Remaining %[var(txn.left)]
  http-response set-header X-RateLimit-Reset %[date(${windowS})]
  default_backend service
backend service
  server service ${new URL(context.upstream).host}
`;
}
