/** Lists the operations of a document, those that no route can have included. */
import { METHODS } from 'node:http';
import { DocumentError } from './document-error.js';
import { fieldOf, isFields, type Fields } from './document.js';
import { readTemplate, type Template } from './path.js';
import { Unresolved, createResolve, type Resolve } from './references.js';
import type { Requirement } from './requirement.js';
import { readSchemes, type Schemes } from './schemes.js';
import { createReadSecurity, type Reading, type ReadSecurity } from './security.js';
import { firstServer, NO_SERVER, type Server } from './servers.js';

/** An operation of a document. */
export interface Operation {
  /** In upper case; `*` for a path whose operations cannot be read. */
  readonly method: string;
  /** As in the document. */
  readonly path: string;
  /** Its path with the base path of its server. */
  readonly template: Template;
  readonly server: Server;
  readonly requirement: Requirement;
  readonly notes: readonly string[];
  /** Why no route can have it; undefined if one can. */
  readonly problem: string | undefined;
}

/** The operations of a document, and its schemes. */
export interface Operations {
  readonly all: readonly Operation[];
  readonly schemes: Schemes;
}

/** More than any published document has. */
const MAX_OPERATIONS = 20_000;
const FIELDS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];

/**
 * Lists the operations in the order of the document.
 * @throws DocumentError where there are too many
 */
export function readOperations(document: Fields): Operations {
  const resolve = createResolve(document);
  const schemes = readSchemes(document, resolve);
  const context: Context = {
    resolve,
    readSecurity: createReadSecurity(schemes),
    security: ownOr(document, 'security', undefined),
    server: firstServer(fieldOf(document, 'servers')) ?? NO_SERVER,
    placeholder: schemes.placeholder('unread'),
  };
  const all: Operation[] = [];
  for (const [path, item] of Object.entries(document['paths'] as Fields)) {
    if (path.startsWith('x-')) continue;
    all.push(...operationsOf(path, item, context));
    if (all.length > MAX_OPERATIONS)
      throw new DocumentError(`the document has more than ${MAX_OPERATIONS} operations; split it`);
  }
  return { all, schemes };
}

interface Context {
  readonly resolve: Resolve;
  readonly readSecurity: ReadSecurity;
  /** The document's own. */
  readonly security: unknown;
  readonly server: Server;
  /** What an operation that cannot be read requires of a route that would serve it. */
  readonly placeholder: string;
}

function operationsOf(path: string, value: unknown, context: Context): Operation[] {
  const item = context.resolve(value);
  if (item instanceof Unresolved)
    return [unread('*', path, context.server, `the path ${item.text}`, context)];
  const server = firstServer(fieldOf(item, 'servers')) ?? context.server;
  const listed: (readonly [method: string, value: unknown])[] = FIELDS.filter((field) =>
    Object.hasOwn(item, field),
  ).map((field) => [field.toUpperCase(), item[field]]);
  const additional = fieldOf(item, 'additionalOperations');
  if (isFields(additional)) listed.push(...Object.entries(additional));
  return listed.map(([method, each]) => {
    const operation = context.resolve(each);
    if (operation instanceof Unresolved) return unread(method, path, server, `it ${operation.text}`, context);
    const own = firstServer(fieldOf(operation, 'servers')) ?? server;
    const template = templateOf(own, path);
    const { requirement, notes }: Reading = context.readSecurity(
      ownOr(operation, 'security', context.security),
    );
    const problem =
      problemOfMethod(method) ??
      problemOfBase(own) ??
      template.problem ??
      problemOfParameters([item, operation], context.resolve);
    return { method, path, template, server: own, requirement, notes, problem };
  });
}

function unread(method: string, path: string, server: Server, problem: string, context: Context): Operation {
  const template = templateOf(server, path);
  const requirement = { mode: 'all', scopes: [context.placeholder] } as const;
  return { method, path, template, server, requirement, notes: [], problem };
}

/** A path without its slash is not joined with the base: `/v1` and `orders` are not `/v1orders`. */
function templateOf({ basePath }: Server, path: string): Template {
  return readTemplate(path.startsWith('/') ? basePath + path : path);
}

/** `security: null` is no absent one: what it means is not defined. */
function ownOr(value: Fields, name: string, inherited: unknown): unknown {
  return Object.hasOwn(value, name) ? (value[name] ?? null) : inherited;
}

function problemOfBase({ basePath }: Server): string | undefined {
  return /[{}]/.test(basePath) ? 'the path of its server has a variable without a default' : undefined;
}

function problemOfMethod(method: string): string | undefined {
  if (method === 'TRACE' || method === 'CONNECT') return `the gateway never forwards ${method}`;
  return METHODS.includes(method) ? undefined : 'Node does not know the method';
}

/** A parameter in matrix style begins with `;`, which the gateway refuses in a path (RFC 6570 3.2.7). */
function problemOfParameters(owners: readonly Fields[], resolve: Resolve): string | undefined {
  for (const owner of owners) {
    const parameters = fieldOf(owner, 'parameters');
    if (!Array.isArray(parameters)) continue;
    for (const each of parameters as unknown[]) {
      const parameter = resolve(each);
      if (parameter instanceof Unresolved || fieldOf(parameter, 'in') !== 'path') continue;
      if (fieldOf(parameter, 'style') === 'matrix')
        return `its parameter ${JSON.stringify(fieldOf(parameter, 'name'))} has the style matrix, which puts ";" into the path`;
    }
  }
  return undefined;
}
