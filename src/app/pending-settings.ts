/** What a reload cannot change: a running gate keeps it until it is started again. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenAddress, Settings } from '../model/settings.js';

/** The keys, as written in the file, under which the settings differ from those of the start in such a thing. */
export function keysThatNeedRestart(started: Settings, now: Settings): readonly string[] {
  const keys = {
    listen: (settings: Settings) => openedAs(settings.listen),
    admin: (settings: Settings) => openedAs(settings.admin),
    workers: (settings: Settings) => settings.workers,
    'log.file': (settings: Settings) => settings.log.file,
  };
  return Object.entries(keys).flatMap(([key, read]) =>
    isDeepStrictEqual(read(started), read(now)) ? [] : [key],
  );
}

/** What a process has to start with beside others that were started with `started` and loaded `now` since. */
export function pendingSettings(started: Settings, now: Settings): Settings {
  return {
    ...now,
    listen: keptOpen(started.listen, now.listen),
    admin: started.admin && {
      ...(keptOpen(started.admin, now.admin) ?? started.admin),
      hosts: now.admin?.hosts ?? [],
    },
    workers: started.workers,
    log: { ...now.log, file: started.log.file },
  };
}

function keptOpen(started: ListenAddress | undefined, now: ListenAddress | undefined): typeof started {
  if (!started?.tls || !now?.tls) return started;
  const asksAlike = (started.tls.clientCa === undefined) === (now.tls.clientCa === undefined);
  return asksAlike ? { ...started, tls: now.tls } : started;
}

/** Other certificates can be shown on an open port; another address, or asking clients for theirs, cannot. */
function openedAs(address: ListenAddress | undefined): unknown {
  if (!address) return undefined;
  const { host, port, tls } = address;
  return { host, port, isTls: tls !== undefined, asksForCertificate: tls?.clientCa !== undefined };
}
