/** From addresses as written to addresses to listen on, with the texts of their certificates. */
import type { ListenAddress } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Address } from '../schema/listen.js';
import { textOf } from './text.js';

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
