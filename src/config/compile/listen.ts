/** From addresses as written to addresses to listen on, with the texts of their certificates. */
import type { AdminAddress, ListenAddress } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Address, AdminListener } from '../schema/listen.js';
import { textOf } from './text.js';

/** The address of the admin port, with the names by which it may be asked. */
export function compileAdmin({ hosts = [], ...address }: AdminListener, files: Files): AdminAddress {
  return { ...compileListen(address, files), hosts };
}

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
