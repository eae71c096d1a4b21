/** Certificates for tests, made on the spot by openssl: an authority, and what it signs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** Paths of PEM files, as a configuration names them. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /**
   * A certificate for a server, or for a client.
   * @param names whom it is for, as openssl's subjectAltName; by default 127.0.0.1 and localhost
   */
  issue(name: string, names?: string): Certificate;
  /** Removes all files. */
  close(): void;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function createAuthority(name = 'Test authority'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-certificates-'));
  const files = (stem: string) => ({
    certFile: join(folder, `${stem}.crt`),
    keyFile: join(folder, `${stem}.key`),
  });
  const read = (paths: ReturnType<typeof files>): Certificate => ({
    ...paths,
    cert: readFileSync(paths.certFile, 'utf8'),
    key: readFileSync(paths.keyFile, 'utf8'),
  });
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };

  const own = files('authority');
  openssl(
    'req',
    '-x509',
    ...CURVE,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    own.keyFile,
    '-out',
    own.certFile,
  );
  return {
    ...read(own),
    issue(subject, names = 'IP:127.0.0.1,DNS:localhost') {
      const paths = files(subject.replaceAll(/\W/g, '-'));
      openssl(
        ...['req', '-x509', ...CURVE, '-days', '2', '-subj', `/CN=${subject}`],
        ...['-CA', own.certFile, '-CAkey', own.keyFile],
        ...['-addext', `subjectAltName=${names}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...['-keyout', paths.keyFile, '-out', paths.certFile],
      );
      return read(paths);
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
