/** The gateways' own logs: each file is in force or refused, and no other problem is logged. */
import type { LogLine } from '../gates.js';
import type { Timeline } from '../timeline.js';
import type { Finding } from './verdict.js';

const IN_FORCE = 'configuration reloaded';
const REFUSED = 'reload failed: the previous configuration stays in force';

/** @param logs of each gateway */
export function checkReloads(logs: readonly (readonly LogLine[])[], { faults }: Timeline): Finding[] {
  const lines = logs.flat();
  const asked = (kind: string): number => faults.filter((fault) => fault.kind === kind).length;
  const told = (msg: string): number => lines.filter((line) => line.msg === msg).length;
  // Each is repaired afterwards, which is one more file.
  const [inForce, least] = [told(IN_FORCE), 2 * asked('reloaded') + asked('reloaded with an error')];
  const [refused, wrong] = [told(REFUSED), asked('reloaded with an error')];
  const isMeant = (msg: string): boolean =>
    msg === REFUSED || msg === 'worker ended' || msg.startsWith('Redis ');
  const errors = lines.filter(({ level, msg }) => level === 'error' && !isMeant(msg));
  return [
    {
      claim: 'a changed file takes effect, an invalid one is refused',
      figure: `${inForce} in effect (${least} requested), ${refused} refused (${wrong} requested)`,
      against: inForce < least || refused < wrong ? ['too few'] : [],
    },
    {
      claim: 'no gateway logs an error, except about an invalid file, Redis or a killed worker',
      figure: `${errors.length} errors`,
      against: errors.map((line) => JSON.stringify(line)),
    },
  ];
}
