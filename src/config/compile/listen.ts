/** Compiles listening addresses, with the texts of their certificates. */
import type { AdminAddress, ListenAddress } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Address, AdminListener } from '../schema/listen.js';
import { textOf } from './text.js';

/** Compiles the admin address, with the host names that its requests may have. */
export function compileAdmin({ hosts = [], ...address }: AdminListener, files: Files): AdminAddress {
  return { ...compileListen(address, files), hosts };
}

/** Compiles an address, and reads its PEM files. */
export function compileListen({ host, port, tls }: Address, files: Files): ListenAddress {
  if (!tls) return { host, port, tls: undefined };
  const { cert, key, client_ca: clientCa } = tls;
  return {
    host,
    port,
    tls: {
      cert: textOf(cert, files),
      key: textOf(key, files),
      clientCa: clientCa === undefined ? undefined : textOf(clientCa, files),
    },
  };
}
