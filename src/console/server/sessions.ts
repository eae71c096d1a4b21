/**
 * Sessions of the console without a store: a session is a statement that the gateway signs, so every worker and every
 * gateway with the same administrator's credential accepts it. What ends a session early is a revocation.
 *
 * `v1.PAYLOAD.SIGNATURE`: the payload is JSON in base64url, the signature HMAC-SHA-256 (RFC 2104) of all before it, with a
 * key that HKDF (RFC 5869) derives from the credential. A changed credential ends all sessions.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../../tokens/administration/policy.js';

/** A session, as it is signed. Times are epoch milliseconds. */
export interface ConsoleSession {
  /** Random, new at each login. */
  readonly id: string;
  readonly actor: Actor;
  /** Of a developer: the generation of the user. 0 for an administrator. */
  readonly generation: number;
  readonly createdAtMs: number;
  /** When the statement was signed; the session ends `IDLE_MS` later unless it is signed again. */
  readonly signedAtMs: number;
}

export interface SessionsOptions {
  /** The administrator's credential. */
  readonly credential: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Returns `size` random bytes. */
  readonly random: (size: number) => Uint8Array;
}

export interface Sessions {
  /** Creates a session with a new id. */
  begin(actor: Actor, generation: number): ConsoleSession;
  /** The text of a session, for the cookie. */
  sign(session: ConsoleSession): string;
  /** The session of a text; undefined where it was not signed here, or has ended. */
  read(text: string): ConsoleSession | undefined;
  /** The session as it is signed again; undefined where this is not due yet. */
  renewed(session: ConsoleSession): ConsoleSession | undefined;
  /** The value that each change of this session must have in its `X-Tollgate-CSRF` field. */
  csrfOf(session: ConsoleSession): string;
  /** When the session ends if it is not signed again, epoch milliseconds. */
  endOf(session: ConsoleSession): number;
  /** When the session ends at the latest, epoch milliseconds. */
  lastEndOf(session: ConsoleSession): number;
}

const LIFETIME_MS = 12 * 60 * 60_000;
const IDLE_MS = 30 * 60_000;
const ID_BYTES = 16;
const KEY_BYTES = 32;
const VERSION = 'v1';
/** Longer than any statement: a name and an organization have at most some hundred characters. */
const MAX_LENGTH = 8192;

/** Creates the sessions of one credential. */
export function createSessions({ credential, now, random }: SessionsOptions): Sessions {
  const [signingKey, csrfKey] = [keyFor(credential, 'sessions'), keyFor(credential, 'csrf')];

  function signatureOf(text: string): Buffer {
    return createHmac('sha256', signingKey).update(text).digest();
  }

  function endOf({ createdAtMs, signedAtMs }: ConsoleSession): number {
    return Math.min(createdAtMs + LIFETIME_MS, signedAtMs + IDLE_MS);
  }

  return {
    endOf,
    begin(actor, generation) {
      const createdAtMs = now();
      const id = Buffer.from(random(ID_BYTES)).toString('base64url');
      return { id, actor, generation, createdAtMs, signedAtMs: createdAtMs };
    },
    sign(session) {
      const text = `${VERSION}.${Buffer.from(JSON.stringify(session)).toString('base64url')}`;
      return `${text}.${signatureOf(text).toString('base64url')}`;
    },
    read(text) {
      if (text.length > MAX_LENGTH) return undefined;
      const [version, payload = '', signature = '', ...rest] = text.split('.');
      if (version !== VERSION || rest.length > 0) return undefined;
      // The texts are compared: a decoder ignores what is no base64url, and a session must have one spelling.
      const expected = Buffer.from(signatureOf(`${version}.${payload}`).toString('base64url'));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as ConsoleSession;
      const at = now();
      return at < endOf(session) ? session : undefined;
    },
    renewed(session) {
      const at = now();
      return at - session.signedAtMs < IDLE_MS / 2 ? undefined : { ...session, signedAtMs: at };
    },
    csrfOf: ({ id }) => createHmac('sha256', csrfKey).update(id).digest('base64url'),
    lastEndOf: ({ createdAtMs }) => createdAtMs + LIFETIME_MS,
  };
}

function keyFor(credential: string, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', credential, '', `tollgate console ${use}`, KEY_BYTES));
}
