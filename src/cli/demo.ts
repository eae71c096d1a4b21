/** `tollgate demo`: a whole working setup in one process: a sample service, an issuer, the gate, and what to try. */
import { loadConfig } from '../config/config.js';
import type { Observe } from '../model/record.js';
import type { Route } from '../model/route.js';
import { EXIT_OK, type Run, type Terminal } from './command.js';
import { openSample } from './sample-side.js';
import { serve } from './serve.js';
import { untilSignal } from './signals.js';
import { walk, walkOfOwn } from './walk.js';

const SAMPLE_APP = {
  name: 'Sample app of the gate',
  scopes: ['notarization:*'],
  organization: 'Sample Ltd.',
};

/** Nobody waits for the demo's open streams. */
const DRAIN_MS = 500;

export const demo: Run = async ({ file, terminal }) => {
  const { settings } = await loadConfig(file, terminal.env);
  const side = await openSample(settings);
  // The terminal shows one short line a request instead of the log, which then tells of trouble only.
  const quiet = { ...settings, drainTimeoutMs: DRAIN_MS, log: { ...settings.log, level: 'warn' } as const };
  const gate = await serve({
    started: quiet,
    load: () => Promise.resolve(quiet),
    env: terminal.env,
    watch: narrate(terminal),
  }).catch(async (error: unknown) => {
    await side.close();
    throw error;
  });
  const { address, port } = gate.address;
  const admin = `http://${gate.adminAddress.address}:${gate.adminAddress.port}`;
  terminal.out(`The gate is open on http://${address}:${port}, in front of a sample service on`);
  terminal.out(
    `http://${side.address.address}:${side.address.port}; its health is on ${admin}/healthz. Ctrl-C ends it.\n`,
  );
  terminal.out(walk(settings, side.mint));
  const app = await gate.administration?.createApp(SAMPLE_APP);
  if (app) terminal.out(walkOfOwn(settings, app));
  await untilSignal();
  if (app) await gate.administration?.deleteApp(app.key);
  await gate.stop();
  await side.close();
  return EXIT_OK;
};

function narrate(terminal: Terminal): Observe {
  return ({ head, route, endpoint, principal, status, reason, durationMs }) => {
    const who = principal?.app === undefined || principal.app === '' ? 'nobody' : principal.app;
    const why = reason === undefined ? '' : ` (${reason})`;
    terminal.out(
      `${status} ${head.method ?? '?'} ${placeOf(route, endpoint)} for ${who} in ${durationMs.toFixed(1)} ms${why}`,
    );
  };
}

/** The token service's endpoints are no routes, and answer for their paths all the same. */
function placeOf(route: Route | undefined, endpoint: string | undefined): string {
  if (route) return pathOf(route);
  return endpoint === undefined ? 'no route' : `the token endpoint ${endpoint}`;
}

/** `/notarizations/{id}/stamps` of `GET,POST /notarizations/{id}/stamps`. */
function pathOf({ match }: Route): string {
  return match.slice(match.lastIndexOf(' ') + 1);
}
