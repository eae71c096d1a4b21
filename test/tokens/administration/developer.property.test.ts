/** Whatever a developer does: no scope beyond the own is granted or obtained, and other organizations are unaffected. */
import fc from 'fast-check';
import { afterAll, beforeAll, it } from 'vitest';
import { covers } from '../../../src/model/scope.js';
import type { AppView } from '../../../src/tokens/administration/views.js';
import { DEVELOPER, openAdministration, type AdministeredRegistry } from './support.js';

let at: AdministeredRegistry;
beforeAll(async () => {
  at = await openAdministration();
});
afterAll(() => at.close());

const SCOPES = ['orders:read', 'orders:*', 'orders', 'files:read', 'files:*', 'admin', '*'];
const scopes = fc.subarray(SCOPES, { minLength: 1 });
const organization = fc.constantFrom('Acme', 'Globex', undefined);
const which = fc.nat({ max: 3 });

const operation = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), scopes, organization }),
  fc.record({
    kind: fc.constant('change' as const),
    name: fc.constant('y'),
    which,
    scopes: fc.option(scopes, { nil: undefined }),
    organization: fc.constantFrom('Acme', 'Globex', null, undefined),
  }),
  fc.record({ kind: fc.constant('rotate' as const), which }),
  fc.record({ kind: fc.constant('delete' as const), which }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const isOwn = (scope: string): boolean => DEVELOPER.scopes.some((own) => covers(own, scope));
const byKey = async () => new Map((await at.admin.listApps()).map((app) => [app.key, app]));

/** @returns the key of the app whose secret the developer got, if any */
async function run(what: Operation, keys: readonly string[]): Promise<string | undefined> {
  const { developer } = at;
  if (what.kind === 'create')
    return (await developer.createApp({ name: 'x', scopes: what.scopes, organization: what.organization }))
      .key;
  const key = keys[what.which % keys.length]!;
  if (what.kind === 'rotate') return (await developer.rotateSecret(key))?.key;
  if (what.kind === 'delete') await developer.deleteApp(key);
  else await developer.updateApp(key, what);
  return undefined;
}

/** What a developer has no right to change, after one operation. */
function violation(before: AppView | undefined, after: AppView | undefined): string | undefined {
  if (before && before.organization !== 'Acme')
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : 'changed an app of others';
  if (after && after.organization !== 'Acme') return 'has an app in another organization';
  const granted = (after?.scopes ?? []).filter((scope) => !before?.scopes.includes(scope));
  return granted.every(isOwn) ? undefined : 'granted a scope beyond the own';
}

it('A developer never grants or gets a scope beyond the own, and never changes an app of others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ scopes, organization }), { minLength: 1, maxLength: 4 }),
      fc.array(operation, { minLength: 1, maxLength: 6 }),
      async (existing, operations) => {
        const keys = [];
        for (const app of existing) keys.push((await at.admin.createApp({ name: 'x', ...app })).key);
        for (const what of operations) {
          const before = await byKey();
          const obtained = await run(what, keys).catch((error: unknown) => {
            if (!(error instanceof Error) || error.name !== 'NotPermittedError') throw error;
            return undefined;
          });
          const after = await byKey();
          for (const key of new Set([...before.keys(), ...after.keys()])) {
            const found = violation(before.get(key), after.get(key));
            if (found !== undefined) throw new Error(`${JSON.stringify(what)} ${found}`);
          }
          if (obtained !== undefined && !after.get(obtained)!.scopes.every(isOwn))
            throw new Error(`${JSON.stringify(what)} got a secret with scopes beyond the own`);
        }
        for (const key of (await byKey()).keys()) await at.admin.deleteApp(key);
      },
    ),
    { numRuns: 40 },
  );
});
