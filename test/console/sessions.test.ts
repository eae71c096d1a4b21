/** The signed sessions of the console: when they end, and what is not accepted as one. */
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSessions } from '../../src/console/server/sessions.js';

const MINUTE_MS = 60_000;
const CREDENTIAL = 'the-credential-of-the-administrator';
let nowMs = 1_800_000_000_000;
const open = (credential = CREDENTIAL) =>
  createSessions({ credential, now: () => nowMs, random: (size) => new Uint8Array(randomBytes(size)) });
const sessions = open();
const DANA = { kind: 'developer', user: 'dana', organization: 'Acme', scopes: ['orders:*'] } as const;

describe('a session', () => {
  it('is read as it was signed, also by another process with the same credential', () => {
    const session = sessions.begin(DANA, 3);
    expect(open().read(sessions.sign(session))).toEqual(session);
    expect(open().csrfOf(session)).toBe(sessions.csrfOf(session));
  });

  it('ends with the credential', () => {
    const session = sessions.begin({ kind: 'administrator' }, 0);
    const other = open(`${CREDENTIAL}!`);
    expect(other.read(sessions.sign(session))).toBeUndefined();
    expect(other.csrfOf(session)).not.toBe(sessions.csrfOf(session));
  });

  it('ends after 30 minutes unless it is signed again, which is due after 15', () => {
    const session = sessions.begin(DANA, 0);
    const text = sessions.sign(session);
    nowMs += 15 * MINUTE_MS - 1;
    expect(sessions.renewed(session)).toBeUndefined();
    nowMs += 1;
    const renewed = sessions.renewed(session)!;
    nowMs += 15 * MINUTE_MS - 1;
    expect(sessions.read(text)).toEqual(session);
    nowMs += 1;
    expect(sessions.read(text)).toBeUndefined();
    expect(sessions.read(sessions.sign(renewed))).toEqual(renewed);
    expect(renewed).toEqual({ ...session, signedAtMs: session.signedAtMs + 15 * MINUTE_MS });
  });

  it('ends after 12 hours, however often it is signed again', () => {
    const beganMs = nowMs;
    let session = sessions.begin(DANA, 0);
    while (nowMs < beganMs + 12 * 60 * MINUTE_MS - 20 * MINUTE_MS) {
      nowMs += 20 * MINUTE_MS;
      session = sessions.renewed(session)!;
    }
    nowMs = beganMs + 12 * 60 * MINUTE_MS - 1;
    expect(sessions.read(sessions.sign(session))).toEqual(session);
    expect(sessions.endOf(session)).toBe(beganMs + 12 * 60 * MINUTE_MS);
    nowMs += 1;
    expect(sessions.read(sessions.sign(session))).toBeUndefined();
  });

  it('has an id and a CSRF value of its own at each login', () => {
    const all = Array.from({ length: 100 }, () => sessions.begin(DANA, 0));
    expect(new Set(all.map(({ id }) => id)).size).toBe(100);
    expect(new Set(all.map((one) => sessions.csrfOf(one))).size).toBe(100);
  });
});

describe('a text that was not signed here', () => {
  it('is no session, whichever character is changed, added or left out', () => {
    const text = sessions.sign(sessions.begin(DANA, 0));
    expect(sessions.read(text)).toBeDefined();
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.constantFrom('replace', 'insert', 'remove'),
        fc.constantFrom('A', 'b', '1', '-', '_', '.', '=', '+', '/', ' ', '\u00e9'),
        (at, how, character) => {
          const rest = text.slice(how === 'insert' ? at : at + 1);
          const changed = text.slice(0, at) + (how === 'remove' ? '' : character) + rest;
          fc.pre(changed !== text);
          expect(sessions.read(changed)).toBeUndefined();
        },
      ),
    );
  });

  it('is no session: another payload under the same signature, none, or an older form', () => {
    const text = sessions.sign(sessions.begin(DANA, 0));
    const [version, payload, signature] = text.split('.');
    const session = sessions.begin({ kind: 'administrator' }, 0);
    const forged = Buffer.from(JSON.stringify(session)).toString('base64url');
    const texts = [
      `${version}.${forged}.${signature}`,
      `${version}.${forged}.`,
      `${version}.${forged}`,
      `v0.${payload}.${signature}`,
      `${text}.${signature}`,
      '',
      '..',
      'v1..',
      'x'.repeat(100_000),
    ];
    for (const one of texts) expect(sessions.read(one)).toBeUndefined();
  });
});
