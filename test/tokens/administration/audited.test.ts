/** Every operation that changes something has an audit line: one that is added without one is noticed here. */
import { expect, it } from 'vitest';
import { withAudit } from '../../../src/tokens/administration/audited.js';
import { openAdministration } from './support.js';

/** Operations of these names change nothing. */
const READS = /^(list|find)|^namedTokenRevocation$/;

it('each operation either reads, or is wrapped by the audit', async () => {
  const at = await openAdministration();
  const { revocations, ...inner } = at.admin;
  expect(Object.keys(revocations)).toEqual(['list', 'revoke', 'undo']);
  const wrapped = withAudit(inner, () => undefined);
  await at.close();
  const names = Object.keys(inner) as (keyof typeof inner)[];
  expect(names.length).toBeGreaterThan(12);
  const unaudited = names.filter((name) => wrapped[name] === inner[name]);
  expect(unaudited.filter((name) => !READS.test(name))).toEqual([]);
  expect(names.filter((name) => READS.test(name) && wrapped[name] !== inner[name])).toEqual([]);
});
