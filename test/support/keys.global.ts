/** Before all tests, once per checkout: generates RSA keys for them, since each takes about 200 ms of CPU. */
import { generateKeyPair } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

export const KEYS_FILE = 'node_modules/.cache/tollgate/test-keys.json';
export const USUAL_BITS = 2048;

/** More than any test needs at once. */
const COUNT = 32;

export async function setup(): Promise<void> {
  if (existsSync(KEYS_FILE)) return;
  mkdirSync(dirname(KEYS_FILE), { recursive: true });
  // On all cores.
  const pairs = await Promise.all(
    Array.from({ length: COUNT }, () =>
      promisify(generateKeyPair)('rsa', {
        modulusLength: USUAL_BITS,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }),
    ),
  );
  // Atomically, in case another run generates them at the same time.
  const unfinished = `${KEYS_FILE}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(pairs), { mode: 0o600 });
  renameSync(unfinished, KEYS_FILE);
}
