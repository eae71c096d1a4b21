/**
 * Makes routes of operations. No route admits a request that may belong to an operation with a stricter requirement, also one
 * that no route can have: where the document leaves open to which of two paths a request belongs, both requirements apply.
 */
import type { Operation } from './operations.js';
import { goesFirst, isNarrower, overlaps, shapeOf, type Shape } from './overlap.js';
import { exactKey, formatPath } from './path.js';
import { both, describeRequirement, implies, type Requirement } from './requirement.js';
import type { Server } from './servers.js';
import { ShapeIndex } from './shape-index.js';

/** A route of the result. */
export interface ImportedRoute {
  readonly method: string;
  /** As in `match`. */
  readonly path: string;
  readonly server: Server;
  requirement: Requirement;
  /** The operation that it was made of. */
  readonly operation: Operation;
}

/** Something that was left out, or is stricter than in the document, and why. */
export interface Note {
  readonly method: string;
  /** As in the document. */
  readonly path: string;
  readonly text: string;
}

export interface Routes {
  readonly routes: readonly ImportedRoute[];
  readonly leftOut: readonly Note[];
  readonly stricter: readonly Note[];
}

/** An operation beside what it is compared by. */
interface Compared {
  readonly operation: Operation;
  readonly shape: Shape;
  /** Equal for templates with the same shape. */
  readonly key: string;
  /** Equal for templates with the same paths. */
  readonly exact: string;
  /** Its route; undefined where no route can have it. */
  route: ImportedRoute | undefined;
}

/** Makes the routes, in the order of the document. */
export function makeRoutes(operations: readonly Operation[]): Routes {
  const leftOut: Note[] = [];
  const stricter: Note[] = [];
  const routes = new Map<string, ImportedRoute>();
  const compared = operations.map((operation): Compared => {
    const { segments } = operation.template;
    const shape = shapeOf(segments);
    const exact = exactKey(segments);
    const each: Compared = { operation, shape, key: exactKey(shape), exact, route: undefined };
    const { method, path } = operation;
    if (operation.problem !== undefined) leftOut.push({ method, path, text: operation.problem });
    else {
      const path = formatPath(segments);
      const name = `${method} ${exact}`;
      const earlier = routes.get(name);
      if (earlier) {
        const text = `${describe(earlier.operation)} has the same paths; its route needs the scopes of both`;
        leftOut.push({ method, path: operation.path, text });
      } else {
        const { server, requirement } = operation;
        each.route = { method, path, server, requirement, operation };
        routes.set(name, each.route);
        for (const text of operation.notes) stricter.push({ method, path: operation.path, text });
      }
    }
    return each;
  });
  tighten(compared, stricter);
  return { routes: [...routes.values()], leftOut, stricter };
}

/** Adds to each route what operations need whose requests it may get. */
function tighten(compared: readonly Compared[], stricter: Note[]): void {
  const index = new ShapeIndex<Compared>();
  for (const each of compared) index.add(each.shape, each);
  for (const one of compared) {
    const { route } = one;
    if (!route) continue;
    for (const other of index.near(one.shape)) {
      const { requirement } = other.operation;
      if (implies(route.requirement, requirement) || !mayServe(one, other)) continue;
      route.requirement = both(route.requirement, requirement);
      const text = `some of its paths may belong to ${describe(other.operation)}; it needs ${describeRequirement(route.requirement)}`;
      stricter.push({ method: route.method, path: one.operation.path, text });
    }
  }
}

/** Whether the route of the first may get a request that belongs to the other operation. */
function mayServe(one: Compared, other: Compared): boolean {
  if (one === other || !servesMethod(one.operation.method, other.operation.method)) return false;
  if (one.key === other.key) {
    // HEAD and GET of one path have a route each.
    return (
      other.route === undefined ||
      one.exact !== other.exact ||
      one.operation.method === other.operation.method
    );
  }
  if (!overlaps(one.shape, other.shape) || isNarrower(one.shape, other.shape)) return false;
  // The gateway prefers the other's route where both match.
  return (
    other.route === undefined || (!isNarrower(other.shape, one.shape) && goesFirst(one.shape, other.shape))
  );
}

/** Whether a route of the first method gets requests for an operation of the second. GET's route gets HEAD too. */
function servesMethod(method: string, other: string): boolean {
  if (other === '*' || method === other) return true;
  return (method === 'GET' && other === 'HEAD') || (method === 'HEAD' && other === 'GET');
}

function describe({ method, path }: Operation): string {
  return method === '*' ? JSON.stringify(path) : JSON.stringify(`${method} ${path}`);
}
