/** Certificates and keys that the configuration names: a listener that cannot speak TLS is found before it starts. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Files } from '../files.js';
import { ParseError, type Path, type Report } from '../problem.js';
import type { Address } from '../schema/listen.js';

export function checkListenTls(
  path: Path,
  tls: NonNullable<Address['tls']>,
  files: Files,
  report: Report,
): void {
  if (tls.client_ca !== undefined) checkAuthorities([...path, 'client_ca'], tls.client_ca, files, report);
  checkPair(path, tls, files, report);
}

/** A certificate and its private key, each a PEM file. */
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
  const flaw = keyPairError(cert, key);
  if (flaw) report([...path, flaw.of], flaw.text);
}

/** The certificate and key that the gate shows to a server it connects to: both, or neither. */
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
  if (!works(() => createSecureContext({ cert })))
    return { of: 'cert', text: 'the file holds no PEM certificate' };
  if (!works(() => createSecureContext({ key }))) {
    return { of: 'key', text: 'the file holds no PEM private key that can be read without a passphrase' };
  }
  if (works(() => createSecureContext({ cert, key }))) return undefined;
  return { of: 'key', text: 'the key does not belong to the certificate' };
}

/** A PEM file of one or more authorities. */
export function checkAuthorities(path: Path, name: string, files: Files, report: Report): void {
  const text = files.text(name);
  if (text instanceof ParseError) {
    report(path, text.text);
    return;
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  const right = blocks?.every((block) => works(() => new X509Certificate(block))) ?? false;
  if (!right) report(path, 'the file holds no PEM certificates');
}

function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
