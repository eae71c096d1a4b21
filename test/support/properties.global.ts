/** One seed for the properties of a whole run, printed at its start. */
import { randomInt } from 'node:crypto';

export default function setup(): void {
  // Each project runs this; the first one chooses.
  if (process.env['TOLLGATE_PROPERTY_SEED'] !== undefined) return;
  const seed = String(randomInt(2 ** 31));
  process.env['TOLLGATE_PROPERTY_SEED'] = seed;
  console.log(`Properties: run again with TOLLGATE_PROPERTY_SEED=${seed}`);
}
