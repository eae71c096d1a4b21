/**
 * Hashes and verifies the passwords of users with scrypt. Its cost in memory and time is intended, so only a few run at
 * once. Logins wait in a queue that the client networks share fairly.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { createFairQueue } from './fair-queue.js';

/** The client of a login. */
export interface LoginOrigin {
  /** The client's address. */
  readonly address: string;
  /** Whether the client still waits for the response; called when the login gets a slot. */
  readonly isWanted: () => boolean;
}

export interface Passwords {
  /** Hashes a password for storage: algorithm, parameters, salt and key in one text. */
  hashPassword(password: string): Promise<string>;
  /**
   * Compares a password with a stored hash. Takes the same time without a hash.
   * @returns `busy` if too many logins wait, or the client no longer does; nothing was compared
   */
  verifyPassword(password: string, hash: string | undefined, from: LoginOrigin): Promise<boolean | 'busy'>;
}

export interface PasswordsOptions {
  /** Returns `size` random bytes. */
  readonly random: (size: number) => Uint8Array;
  /** The network of a client address, as a unit of the fair queue. If absent, each address is its own network. */
  readonly subnetOf?: ((address: string) => string) | undefined;
}

interface Cost {
  /** The binary logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface PasswordHash {
  readonly cost: Cost;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

const COST: Cost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** Each hash takes 32 MiB and one of libuv's four threads for more than a tenth of a second. */
const MAX_RUNNING = 2;
/** About ten are hashed in a second: a client behind more waiters would not wait for the response. */
const MAX_WAITING_PER_NETWORK = 128;
const MAX_WAITING = 512;

/** In characters: the minimum of NIST SP 800-63B for a password that a person chooses. */
const MIN_CHARACTERS = 8;
/** In bytes of UTF-8. Every passphrase is shorter, and the gateway never normalises megabytes. */
const MAX_BYTES = 1024;

/** Describes what is wrong with a new password; undefined if it is valid. */
export function passwordError(password: string): string | undefined {
  const characters = Array.from(normalise(password)).length;
  if (characters < MIN_CHARACTERS) return `a password has at least ${MIN_CHARACTERS} characters`;
  if (isTooLong(password)) return `a password has at most ${MAX_BYTES} bytes`;
  return undefined;
}

/** Creates the password functions, with one queue of their own. */
export function createPasswords({ random, subnetOf = (address) => address }: PasswordsOptions): Passwords {
  /** A hash that no password matches, compared if there is no user. */
  const dummyHash: PasswordHash = { cost: COST, salt: random(SALT_BYTES), key: random(KEY_BYTES) };
  const queue = createFairQueue({
    width: MAX_RUNNING,
    maxPerNetwork: MAX_WAITING_PER_NETWORK,
    maxWaiting: MAX_WAITING,
  });

  return {
    async hashPassword(password) {
      const salt = random(SALT_BYTES);
      return formatHash({ cost: COST, salt, key: await derive(password, salt, COST) });
    },

    async verifyPassword(password, hash, { address, isWanted }) {
      // It does not depend on the user, so it does not reveal whether the user exists.
      if (isTooLong(password)) return false;
      const expected = hash === undefined ? undefined : parseHash(hash);
      const { cost, salt, key } = expected ?? dummyHash;
      return queue({ network: subnetOf(address), name: address }, async () => {
        if (!isWanted()) return 'busy';
        const derived = await derive(password, salt, cost);
        return timingSafeEqual(derived, key) && expected !== undefined;
      });
    },
  };
}

function derive(password: string, salt: Uint8Array, { ln, r, p }: Cost): Promise<Uint8Array> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    // scrypt needs slightly more than 128 * N * r bytes. Node's default bound has no room for the excess.
    const options = { N, r, p, maxmem: 2 * 128 * (N + p + 2) * r };
    scrypt(normalise(password), salt, KEY_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES;
}

/**
 * Makes a password independent of how the keyboard composes it (RFC 8265 4.2.2: NFC, and one kind of space).
 * Compatibility forms stay different, because they are different characters to the user.
 */
function normalise(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** The PHC string format of the password hashing competition: `$scrypt$ln=15,r=8,p=3$salt$key`. */
function formatHash({ cost: { ln, r, p }, salt, key }: PasswordHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(key)}`;
}

const PHC_SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** The largest cost of a stored hash: 128 MiB. */
const MAX_LN = 17;

/** Parses a stored hash; undefined if it is malformed or its cost is too large. */
function parseHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, salt, key] = PHC_SCRYPT.exec(text) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (cost.ln < 1 || cost.ln > MAX_LN || cost.r !== COST.r || cost.p < 1) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
