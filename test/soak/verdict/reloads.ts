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
  const [inForce, least] = [told(IN_FORCE), 2 * asked('reloaded') + asked('reloaded wrongly')];
  const [refused, wrong] = [told(REFUSED), asked('reloaded wrongly')];
  const isMeant = (msg: string): boolean =>
    msg === REFUSED || msg === 'worker ended' || msg.startsWith('Redis ');
  const errors = lines.filter(({ level, msg }) => level === 'error' && !isMeant(msg));
  return [
    {
      claim: 'a file that was changed is put in force, a faulty one is refused',
      figure: `${inForce} in force (${least} asked for), ${refused} refused (${wrong} asked for)`,
      against: inForce < least || refused < wrong ? ['too few'] : [],
    },
    {
      claim: 'no gate logs an error, other than of a faulty file, of Redis and of a worker that was killed',
      figure: `${errors.length} errors`,
      against: errors.map((line) => JSON.stringify(line)),
    },
  ];
}
