/**
 * The passwords of users: hashed with scrypt, which costs memory and time on purpose, and so only a few at once. Logins
 * wait for that in a queue that is shared fairly between the networks that they come from.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { createFairQueue } from './fair-queue.js';

/** Whose login it is. */
export interface LoginOrigin {
  /** The client's address. */
  readonly address: string;
  /** Whether somebody still waits for the response; asked when its turn has come. */
  readonly isWanted: () => boolean;
}

export interface Passwords {
  /** What is stored of a password: algorithm, parameters, salt and key in one text. */
  hashPassword(password: string): Promise<string>;
  /**
   * Takes the same time where there is no hash to compare with.
   * @returns `busy` where too many wait already, or nobody waits for the response any more: nothing was compared
   */
  verifyPassword(password: string, hash: string | undefined, from: LoginOrigin): Promise<boolean | 'busy'>;
}

export interface PasswordsOptions {
  /** So many random bytes. */
  readonly random: (size: number) => Uint8Array;
  /** The network of a client address, which shares one turn; left out: each address is its own. */
  readonly subnetOf?: ((address: string) => string) | undefined;
}

interface Cost {
  /** The binary logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface Hashed {
  readonly cost: Cost;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

const COST: Cost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** Each takes 32 MiB and one of libuv's four threads for a good tenth of a second. */
const MOST_AT_ONCE = 2;
/** Some ten are hashed in a second: who comes behind so many would not wait for the response. */
const MOST_WAITING_IN_A_NETWORK = 128;
const MOST_WAITING = 512;

/** In characters: what NIST SP 800-63B asks of a password that a person chooses. */
const SHORTEST = 8;
/** In bytes of UTF-8. Every passphrase is shorter, and nobody makes the gate normalise megabytes. */
const LONGEST_BYTES = 1024;

/** What is wrong with a password that a user is to have; undefined where nothing is. */
export function passwordError(password: string): string | undefined {
  const characters = Array.from(normalise(password)).length;
  if (characters < SHORTEST) return `a password has at least ${SHORTEST} characters`;
  if (isTooLong(password)) return `a password has at most ${LONGEST_BYTES} bytes`;
  return undefined;
}

export function createPasswords({ random, subnetOf = (address) => address }: PasswordsOptions): Passwords {
  /** Of a password that nobody knows. */
  const nobody: Hashed = { cost: COST, salt: random(SALT_BYTES), key: random(KEY_BYTES) };
  const queue = createFairQueue({
    width: MOST_AT_ONCE,
    maxPerNetwork: MOST_WAITING_IN_A_NETWORK,
    maxWaiting: MOST_WAITING,
  });

  return {
    async hashPassword(password) {
      const salt = random(SALT_BYTES);
      return write({ cost: COST, salt, key: await derive(password, salt, COST) });
    },

    async verifyPassword(password, hash, { address, isWanted }) {
      // Whoever the user is: this tells nothing of whether there is one.
      if (isTooLong(password)) return false;
      const expected = hash === undefined ? undefined : read(hash);
      const { cost, salt, key } = expected ?? nobody;
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
    // scrypt needs 128 * N * r bytes and a little; Node's own bound is just that without the little.
    const options = { N, r, p, maxmem: 2 * 128 * (N + p + 2) * r };
    scrypt(normalise(password), salt, KEY_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > LONGEST_BYTES;
}

/**
 * One password however the keyboard composes it (RFC 8265 4.2.2: NFC, and one space for all). Compatibility forms
 * stay apart: they are different characters to whoever typed them.
 */
function normalise(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** The form that the password hashing competition has agreed on: `$scrypt$ln=15,r=8,p=3$salt$key`. */
function write({ cost: { ln, r, p }, salt, key }: Hashed): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(key)}`;
}

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** The most that a stored hash may ask for: 128 MiB. */
const LARGEST_LN = 17;

/** Undefined where it is none, or asks for more than the gate would give. */
function read(text: string): Hashed | undefined {
  const [, ln, r, p, salt, key] = FORM.exec(text) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (cost.ln < 1 || cost.ln > LARGEST_LN || cost.r !== COST.r || cost.p < 1) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
