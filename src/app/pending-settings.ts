/** The settings that a reload cannot change: they take effect at the next start. Called by `serve.ts` and the primary. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenAddress, Settings } from '../model/settings.js';

/** Returns the keys, as written in the file, whose changes since the start need a restart. */
export function keysThatNeedRestart(started: Settings, now: Settings): readonly string[] {
  const keys = {
    listen: (settings: Settings) => fixedPartOf(settings.listen),
    admin: (settings: Settings) => fixedPartOf(settings.admin),
    'console.listen': (settings: Settings) => fixedPartOf(settings.console?.listen),
    workers: (settings: Settings) => settings.workers,
    'log.file': (settings: Settings) => settings.log.file,
    'log.pretty': (settings: Settings) => settings.log.pretty,
  };
  return Object.entries(keys).flatMap(([key, read]) =>
    isDeepStrictEqual(read(started), read(now)) ? [] : [key],
  );
}

/** Returns the settings for a new worker, where the others were started with `started` and have loaded `now` since. */
export function pendingSettings(started: Settings, now: Settings): Settings {
  return {
    ...now,
    listen: pendingAddress(started.listen, now.listen),
    admin: started.admin && {
      ...(pendingAddress(started.admin, now.admin) ?? started.admin),
      hosts: now.admin?.hosts ?? [],
    },
    console: now.console && {
      ...now.console,
      listen: pendingAddress(started.console?.listen, now.console.listen),
    },
    workers: started.workers,
    log: { ...now.log, file: started.log.file, pretty: started.log.pretty },
  };
}

function pendingAddress(started: ListenAddress | undefined, now: ListenAddress | undefined): typeof started {
  if (!started?.tls || !now?.tls) return started;
  const asksAlike = (started.tls.clientCa === undefined) === (now.tls.clientCa === undefined);
  return asksAlike ? { ...started, tls: now.tls } : started;
}

/** An open port can change its certificates, but not its address, nor whether it asks clients for a certificate. */
function fixedPartOf(address: ListenAddress | undefined): unknown {
  if (!address) return undefined;
  const { host, port, tls } = address;
  return { host, port, isTls: tls !== undefined, asksForCertificate: tls?.clientCa !== undefined };
}
