/** Checks `console` against the other listeners and the paths of the admin port. */
import type { PartialGeneral } from '../partial.js';
import type { Files } from '../files.js';
import type { Path, Report } from '../problem.js';
import { checkListenTls } from './certificates.js';
import { collide } from './listeners.js';

/** The paths of the admin port. */
const ADMIN_PATHS = ['/api', '/healthz', '/readyz', '/metrics'];

/** Checks that the console has an address, or a path of the admin port, for itself. */
export function checkConsole(
  { console, listen, admin }: PartialGeneral,
  files: Files,
  isPresent: (path: Path) => boolean,
  report: Report,
): void {
  if (console === undefined || console === false) return;
  const { listen: own, prefix } = console;
  if (own?.tls) checkListenTls(['console', 'listen', 'tls'], own.tls, files, report);
  if (!own && ADMIN_PATHS.some((path) => prefix === path || prefix.startsWith(`${path}/`)))
    report(['console', 'prefix'], `"prefix" must not be below ${ADMIN_PATHS.join(', ')} of the admin port`);
  for (const [name, other] of [
    ['listen', listen],
    ['admin', admin],
  ] as const) {
    if (!own || !other || !collide(own, other)) continue;
    const hint = name === 'admin' ? '; without "console.listen" the console is at the admin port' : '';
    report(
      isPresent(['console', 'listen']) ? ['console', 'listen'] : ['console'],
      `"console.listen" and "${name}" have one address (port ${own.port})${hint}`,
    );
  }
}
