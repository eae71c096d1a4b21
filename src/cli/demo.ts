/** `tollgate demo`: a whole working setup in one process: a sample service, an issuer, the gate, and what to try. */
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Settings } from '../model/settings.js';
import type { Observe } from '../model/record.js';
import type { Route } from '../model/route.js';
import { adminTokenFile } from '../app/admin-token.js';
import type { Run, Terminal } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { loadExample } from './example.js';
import { openSample } from './sample-context.js';
import { serve } from '../app/serve.js';
import { untilSignal } from './signals.js';
import { originOf, guide, tokenServiceGuide } from './demo-guide.js';

const SAMPLE_APP = {
  name: 'Sample app of the gate',
  scopes: ['notarization:*'],
  organization: 'Sample Ltd.',
};

/** Nobody waits for the demo's open streams. */
const DRAIN_MS = 500;

export const demo: Run = async (input) => {
  const { terminal } = input;
  const { settings, isPackaged } = await loadExample(input);
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
  const origin = originAt(gate.address, settings.listen);
  const admin = originAt(gate.adminAddress, settings.admin);
  terminal.out(`The gate is open on ${origin}, in front of a sample service on`);
  terminal.out(`${originAt(side.address)}; its health is on ${admin}/healthz. Ctrl-C ends it.\n`);
  if (isPackaged) {
    terminal.out(
      `There is no ${input.file} here, so it runs the package's example; its data is in ${resolve('data')}.\n`,
    );
  }
  terminal.out(guide(origin, side.mint));
  const app = await gate.administration?.createApp(SAMPLE_APP);
  if (app) terminal.out(tokenServiceGuide(origin, admin, app, credentialOf(terminal.env)));
  await untilSignal();
  if (app) await gate.administration?.deleteApp(app.key);
  await gate.stop();
  await side.close();
  return EXIT_OK;
};

/** How a shell finds the administrator's credential, whatever folder it is in. */
function credentialOf(env: Terminal['env']): string {
  if (env['TOLLGATE_ADMIN_TOKEN']) return '$TOLLGATE_ADMIN_TOKEN';
  return `$(cat '${resolve(adminTokenFile(env)).replaceAll("'", "'\\''")}')`;
}

/** The origin of a port that is open, on which address it may be. */
function originAt({ address, port }: AddressInfo, settings?: Settings['listen']): string {
  return originOf({ host: address, port, tls: settings?.tls });
}

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
