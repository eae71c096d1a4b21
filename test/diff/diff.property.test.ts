/** `not loosened` is never wrong: two gateways, one of each file, decide about the same requests. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileConfig } from '../../src/config/config.js';
import { compareSettings } from '../../src/diff/diff.js';
import type { Settings } from '../../src/model/settings.js';
import { createPrng } from '../support/prng.js';
import { changed, randomFile, type RandomFile } from './random-files.js';
import { createDecider, randomSequence } from './two-gateways.js';

const SEQUENCES = 10;
const LENGTH = 120;
const baseFolder = '.';

function compiled(file: RandomFile): Settings | undefined {
  try {
    return compileConfig(file, { env: {}, baseFolder }).settings;
  } catch {
    // Two routes with one match, for example.
    return undefined;
  }
}

it('says that access is not loosened only where no request that the old file refuses is let through', async () => {
  let compared = 0;
  let tried = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const prng = createPrng(seed);
      const file = randomFile(prng);
      const next = changed(file, prng);
      const old = compiled(file);
      const now = compiled(next);
      if (!old || !now) return;
      const changes = compareSettings(
        { settings: old, baseFolder },
        { settings: now, baseFolder },
        () => undefined,
      );
      if (changes.some(({ effect }) => effect === 'loosened')) return;
      compared++;
      for (let sequence = 0; sequence < SEQUENCES; sequence++) {
        const before = await createDecider(old);
        const after = await createDecider(now);
        let atMs = 0;
        for (const request of randomSequence(prng, [...old.routes, ...now.routes], LENGTH)) {
          atMs += request.laterMs;
          tried++;
          // The old gateway gets only what the new one lets through, so that both have counted the same.
          if ('refusal' in (await after.decide(request, atMs))) {
            refused++;
            continue;
          }
          const decision = await before.decide(request, atMs);
          if (!('refusal' in decision) || !before.hasRoute(request)) continue;
          const { reason, detail } = decision.refusal;
          expect.fail(JSON.stringify({ request, reason, detail, old: file, new: next, changes }, null, 1));
        }
        await Promise.all([before.close(), after.close()]);
      }
    }),
    { numRuns: Number(process.env['TOLLGATE_DIFF_PAIRS'] ?? 60) },
  );
  expect(compared).toBeGreaterThan(5);
  expect(tried - refused).toBeGreaterThan(100);
  if (process.env['TOLLGATE_DIFF_PAIRS']) console.log({ compared, tried, refused });
}, 300_000);
