/** `tollgate explain`: what the gateway would do with a request, and why. Exit code 0 where it is not refused, else 1. */
import { isIP } from 'node:net';
import { explainByFile } from '../app/explain-file.js';
import { processRuntime } from '../app/runtime.js';
import { loadConfig } from '../config/config.js';
import { EXIT_BAD, EXIT_OK } from '../model/exit.js';
import type { AssumedCaller, ExplainRequest } from '../model/explanation.js';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { print, requiredList } from './args.js';
import { UsageError, type CommandInput, type Run } from './command.js';
import { explanationText } from './explain-text.js';
import { explainIfRunning, explainRefusal } from './explain-running.js';
import { EXPLAIN_USAGE } from './usage.js';

const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*)$/;
const URL_FORM = /^https?:\/\/([^/?#]*)(.*)$/is;

/**
 * Explains a request: by the running gateway, else by the file. With `--request` explains a refusal of the running gateway.
 * @throws UsageError, ConfigUnreadable or ConfigError
 */
export const explain: Run = async (input) => {
  const { terminal, file } = input;
  if (input.options['request'] !== undefined) return explainRefusal(input);
  const question = await readQuestion(input);
  const { settings } = await loadConfig(file, terminal.env);
  rejectUnknownIssuer(question, settings);
  const request = { ...question, host: question.host ?? hostOf(settings) };
  const explanation =
    (await explainIfRunning(request, settings, input)) ??
    (await explainByFile(settings, request, processRuntime(SILENT, {})));
  print(input, explanation, explanationText(request, explanation));
  return explanation.verdict === 'refuse' ? EXIT_BAD : EXIT_OK;
};

/** The request as the arguments give it; `host` is undefined unless a URL or a Host field names one. */
async function readQuestion({ args, options, lists, terminal }: CommandInput): Promise<ExplainRequest> {
  const [method, place] = args;
  if (method === undefined || place === undefined)
    throw new UsageError(`usage: tollgate explain ${EXPLAIN_USAGE} | --request ID [--admin URL]`);
  const { ip: peer = '127.0.0.1', token } = options;
  if (isIP(peer) === 0) throw new UsageError(`--ip: "${peer}" is not an IP address`);
  const assumed = assumedCaller(options);
  if (token !== undefined && assumed)
    throw new UsageError('--token and --scopes exclude each other: the scopes are in the token');
  const [urlHost, target] = splitPlace(place);
  const fields = (lists['header'] ?? []).map(readField);
  const host = fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? urlHost;
  return {
    method: asBytes(method),
    target: asBytes(target),
    host: host === undefined ? undefined : asBytes(host),
    headers: fields.filter(([name]) => name.toLowerCase() !== 'host').flat(),
    peer,
    ...(token !== undefined && { token: await readToken(token, terminal) }),
    ...(assumed && { assumed }),
  };
}

function assumedCaller(options: CommandInput['options']): AssumedCaller | undefined {
  const { scopes, app, claims, issuer } = options;
  if (scopes === undefined) {
    const stray = Object.entries({ app, claims, issuer }).find(([, value]) => value !== undefined);
    if (stray) throw new UsageError(`--${stray[0]} needs --scopes; --scopes "" assumes a caller without any`);
    return undefined;
  }
  return {
    scopes: scopes.trim() === '' ? [] : requiredList(scopes, `explain ${EXPLAIN_USAGE}`),
    app,
    issuer,
    claims: claims === undefined ? undefined : readClaims(claims),
  };
}

function readClaims(text: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return claims as Readonly<Record<string, unknown>>;
  } catch {
    // The same error as for other values.
  }
  throw new UsageError('--claims must be a JSON object such as {"org_id":"acme"}');
}

/** The Host and the target of a path or URL, as they are written: nothing is normalized here. */
function splitPlace(place: string): [host: string | undefined, target: string] {
  const [, host, rest = ''] = URL_FORM.exec(place) ?? [];
  // A client does not send the fragment.
  const target = (host === undefined ? place : rest).replace(/#.*$/s, '');
  if (host === undefined) return [undefined, target];
  return [host, target.startsWith('/') ? target : `/${target}`];
}

function readField(text: string): [name: string, value: string] {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`--header must be a field such as 'Accept: text/html'`);
  return [name, asBytes(value.trim())];
}

async function readToken(given: string, terminal: CommandInput['terminal']): Promise<string> {
  const text = given === '-' ? await terminal.readSecret() : given;
  const token = text.trim().replace(/^bearer +/i, '');
  if (token === '') throw new UsageError('--token: the token is empty');
  return asBytes(token);
}

function rejectUnknownIssuer({ assumed }: ExplainRequest, { issuers }: Settings): void {
  const name = assumed?.issuer;
  if (name === undefined || issuers.some((issuer) => issuer.name === name)) return;
  const known = issuers.map((issuer) => issuer.name).join(', ');
  throw new UsageError(`--issuer: the file has no issuer "${name}"; it has ${known || 'none'}`);
}

/** The Host field of a request to the gateway's own address. */
function hostOf({ listen }: Settings): string {
  if (!listen) return 'localhost';
  const { host, port } = listen;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The bytes of a text in UTF-8, one a character, as Node reads a head. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function ignore(): void {
  // The explanation says what failed.
}
