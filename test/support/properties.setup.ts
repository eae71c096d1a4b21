/** In CI every property is tried with the same cases, so that a run says the same twice; elsewhere with new ones each time. */
import fc from 'fast-check';

const SEED = 20261122;

if (process.env['CI'] !== undefined) fc.configureGlobal({ seed: SEED });
