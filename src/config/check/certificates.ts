/** Checks the certificates and keys that the configuration names, so that a TLS fault is found before the start. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Files } from '../files.js';
import { ParseError, type Path, type Report } from '../problem.js';
import type { Address } from '../schema/listen.js';

/** Checks the certificate, key and client authorities of a listener. */
export function checkListenTls(
  path: Path,
  tls: NonNullable<Address['tls']>,
  files: Files,
  report: Report,
): void {
  if (tls.client_ca !== undefined) checkAuthorities([...path, 'client_ca'], tls.client_ca, files, report);
  checkPair(path, tls, files, report);
}

/** Checks a certificate and its private key, each a PEM file. */
function checkPair(
  path: Path,
  pair: { readonly cert: string; readonly key: string },
  files: Files,
  report: Report,
): void {
  const cert = files.text(pair.cert);
  const key = files.text(pair.key);
  if (cert instanceof ParseError) report([...path, 'cert'], cert.text);
  if (key instanceof ParseError) report([...path, 'key'], key.text);
  if (cert instanceof ParseError || key instanceof ParseError) return;
  const error = keyPairError(cert, key);
  if (error) report([...path, error.of], error.text);
}

/** Checks the client certificate and key for connections to a server: both must be set, or neither. */
export function checkOwnPair(
  path: Path,
  { cert, key }: { readonly cert?: string | undefined; readonly key?: string | undefined },
  files: Files,
  report: Report,
): void {
  if (cert !== undefined && key !== undefined) checkPair(path, { cert, key }, files, report);
  else if (cert !== undefined) report([...path, 'cert'], '"cert" needs its "key" beside it', 'key');
  else if (key !== undefined) report([...path, 'key'], '"key" needs its "cert" beside it', 'key');
}

function keyPairError(cert: string, key: string): { of: 'cert' | 'key'; text: string } | undefined {
  if (!succeeds(() => createSecureContext({ cert })))
    return { of: 'cert', text: 'the file holds no PEM certificate' };
  if (!succeeds(() => createSecureContext({ key }))) {
    return { of: 'key', text: 'the file holds no PEM private key that can be read without a passphrase' };
  }
  if (succeeds(() => createSecureContext({ cert, key }))) return undefined;
  return { of: 'key', text: 'the key does not belong to the certificate' };
}

/** Checks a PEM file of one or more authorities. */
export function checkAuthorities(path: Path, name: string, files: Files, report: Report): void {
  const text = files.text(name);
  if (text instanceof ParseError) {
    report(path, text.text);
    return;
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  const isValid = blocks?.every((block) => succeeds(() => new X509Certificate(block))) ?? false;
  if (!isValid) report(path, 'the file holds no PEM certificates');
}

function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
