/** `tollgate demo`: a complete setup in one process: sample service, issuer, gateway, and curl lines to try. */
import { randomBytes } from 'node:crypto';
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
import { serve, type Serving } from '../app/serve.js';
import { printable } from '../telemetry/printable.js';
import { withProgress } from './progress.js';
import { untilSignal } from './signals.js';
import type { SampleApp } from '../console/server/console.js';
import type { TestIssuer } from '../testing/test-issuer.js';
import {
  consoleGuide,
  deletionGuide,
  originOf,
  guide,
  tokenServiceGuide,
  type Credentials,
} from './demo-guide.js';
import { foreignSample, registeredSample } from './demo-sample.js';

const SAMPLE_APP = {
  name: 'Sample app of the gateway',
  scopes: ['notarization:*'],
  organization: 'Sample Ltd.',
};
const DAY_S = 86_400;

/** 72 bits, short enough to type. */
const PASSWORD_BYTES = 9;

/** Short, so that the demo does not wait for open streams. */
const DRAIN_MS = 500;

/** Runs the demo until SIGTERM or SIGINT, then deletes its app and its user. Rejects if a part of it cannot start. */
export const demo: Run = async (input) => {
  const { terminal } = input;
  const { settings, packagedSince } = await loadExample(input);
  const sample = await openSample(settings);
  // The terminal shows one short line for each request; the log has only warnings and errors.
  const pretty = settings.log.file === undefined;
  const log = { ...settings.log, level: 'warn', pretty } as const;
  const quiet = { ...settings, drainTimeoutMs: DRAIN_MS, log };
  const shown: { sample?: SampleApp } = {};
  const starting = serve({
    started: quiet,
    load: () => Promise.resolve(quiet),
    env: terminal.env,
    watch: printRequests(terminal),
    sample: () => shown.sample,
  });
  const gateway = await withProgress(terminal, () => 'starting the gateway', starting).catch(
    async (error: unknown) => {
      await sample.close();
      throw error;
    },
  );
  // From now on a signal ends the demo in order, also while its app and its user are being created.
  const stopped = untilSignal();
  const origin = originAt(gateway.address, settings.listen);
  const admin = originAt(gateway.adminAddress, settings.admin);
  terminal.out(`The gateway listens on ${origin}, in front of a sample service on`);
  terminal.out(`${originAt(sample.address)}; its health is on ${admin}/healthz. Ctrl-C ends it.\n`);
  if (packagedSince !== undefined) {
    const reason =
      packagedSince === 'no-file' ? `There is no ${input.file} here` : `${input.file} is for other services`;
    terminal.out(`${reason}, so it runs the package's example; its data is in ${resolve('data')}.\n`);
  }
  terminal.out(guide(origin, sample.testIssuer));
  const account = await openAccount(gateway.administration);
  shown.sample = describeSample(quiet, origin, sample.testIssuer, account?.app);
  if (account) terminal.out(tokenServiceGuide(origin, account.app));
  if (settings.console) {
    const at = gateway.consoleAddress ? originAt(gateway.consoleAddress, settings.console.listen) : admin;
    terminal.out(
      consoleGuide(`${at}${settings.console.prefix}/`, account?.user, credentialPlace(terminal.env)),
    );
  }
  if (account) terminal.out(deletionGuide(origin, admin, account.app, credentialOf(terminal.env)));
  await stopped;
  await account?.close();
  await gateway.stop();
  await sample.close();
  return EXIT_OK;
};

/** Creates an app and a user of its organization; `close` deletes both. */
async function openAccount(administration: Serving['administration']) {
  if (!administration) return undefined;
  const app = await administration.createApp(SAMPLE_APP);
  const user = {
    name: `demo-${randomBytes(3).toString('hex')}`,
    password: randomBytes(PASSWORD_BYTES).toString('base64url'),
  };
  await administration.addUser(user.name, user.password, SAMPLE_APP.scopes, SAMPLE_APP.organization);
  return {
    app,
    user,
    async close() {
      await administration.deleteApp(app.key);
      await administration.deleteUser(user.name);
    },
  };
}

/** What the console shows: the app in the registry, else one of the demo's issuer. */
function describeSample(
  { issuers, tokens }: Settings,
  origin: string,
  testIssuer: TestIssuer,
  registered: Credentials | undefined,
): SampleApp {
  const { keySecret, clientCredentials } = tokens?.endpoints ?? {};
  if (registered && (keySecret ?? clientCredentials))
    return registeredSample(SAMPLE_APP, registered, origin, { keySecret, clientCredentials });
  const identity = { app: 'sample-app', issuer: issuers[0]?.name ?? '', lifetimeS: DAY_S };
  return foreignSample({ ...SAMPLE_APP, name: 'Sample app' }, identity, testIssuer);
}

/** Where a person finds the administrator's credential. */
function credentialPlace(env: Terminal['env']): string {
  return env['TOLLGATE_ADMIN_TOKEN'] ? 'TOLLGATE_ADMIN_TOKEN' : resolve(adminTokenFile(env));
}

/** A shell expression for the administrator's credential that works in any folder. */
function credentialOf(env: Terminal['env']): string {
  if (env['TOLLGATE_ADMIN_TOKEN']) return '$TOLLGATE_ADMIN_TOKEN';
  return `$(cat '${resolve(adminTokenFile(env)).replaceAll("'", "'\\''")}')`;
}

/** The origin of an open port. */
function originAt({ address, port }: AddressInfo, settings?: Settings['listen']): string {
  return originOf({ host: address, port, tls: settings?.tls });
}

function printRequests(terminal: Terminal): Observe {
  return ({ head, route, endpoint, principal, status, reason, durationMs }) => {
    const who = principal?.app === undefined || principal.app === '' ? 'nobody' : printable(principal.app);
    const why = reason === undefined ? '' : ` (${reason})`;
    terminal.out(
      `${status} ${head.method ?? '?'} ${placeOf(route, endpoint)} for ${who} in ${durationMs.toFixed(1)} ms${why}`,
    );
  };
}

/** The endpoints of the token service are not routes. */
function placeOf(route: Route | undefined, endpoint: string | undefined): string {
  if (route) return pathOf(route);
  return endpoint === undefined ? 'no route' : `the token endpoint ${endpoint}`;
}

/** `/notarizations/{id}/stamps` of `GET,POST /notarizations/{id}/stamps`. */
function pathOf({ match }: Route): string {
  return match.slice(match.lastIndexOf(' ') + 1);
}
