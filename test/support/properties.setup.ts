/** Every run tries each property with new cases, in CI too. A counterexample is printed with the seed. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['TOLLGATE_PROPERTY_SEED']) });
