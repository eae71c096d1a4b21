/** The text of metrics, and the sum over workers: as prom-client makes them. */
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregateFamilies, familyOf, renderFamilies } from '../../src/telemetry/metric-family.js';
import { parseExposition } from '../support/exposition.js';

type Events = readonly (readonly [label: string, value: number])[];

/** Metrics of every type, after some events. */
function registryAfter(events: Events): Registry {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: 'events_total', help: 'Events.', labelNames: ['of', 'at'], registers });
  const highest = new Gauge({ name: 'highest', help: 'h', labelNames: ['of'], registers, aggregator: 'max' });
  const lowest = new Gauge({ name: 'lowest', help: 'l', registers, aggregator: 'min' });
  const sizes = new Histogram({ name: 'sizes', help: 's', labelNames: ['of'], buckets: [1, 10], registers });
  for (const [of, value] of events) {
    counter.inc({ of, at: String(value) });
    highest.set({ of }, value);
    lowest.set(value);
    sizes.observe({ of }, value);
  }
  return registry;
}

const texts = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('a"b', 'a\\', '\n', 'GET /a/{id}', '\\n"'),
);
const events = fc.array(fc.tuple(texts, fc.integer({ min: 0, max: 20 })), { maxLength: 20 });

it('The text of any metrics says what the text of prom-client says', async () => {
  await fc.assert(
    fc.asyncProperty(events, async (each) => {
      const registry = registryAfter(each);
      const families = (await registry.getMetricsAsJSON()).map(familyOf);
      expect(contentOf(renderFamilies(families))).toEqual(contentOf(await registry.metrics()));
    }),
    { numRuns: 100 },
  );
});

it('The metrics of several workers are combined as prom-client combines them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 4 }), async (workers) => {
      const registries = workers.map(registryAfter);
      const measured = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
      const families = aggregateFamilies(measured.map((one) => one.map(familyOf)));
      const expected = await AggregatorRegistry.aggregate(measured).metrics();
      expect(contentOf(renderFamilies(families))).toEqual(contentOf(expected));
    }),
    { numRuns: 100 },
  );
});

/** What a text says, in any order. */
function contentOf(text: string): unknown {
  return [...parseExposition(text).values()].map(({ name, type, help, samples }) => ({
    name,
    type,
    help,
    samples: samples
      .map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort(), sample.value]))
      .sort(),
  }));
}
