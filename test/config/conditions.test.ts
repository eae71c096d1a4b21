import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { routeConditions } from '../../src/config/schema/condition.js';

const withParameters = routeConditions();

type Issue = z.core.$ZodIssue;

/** The messages of the deepest issues: a union has those of each of its forms. */
function messagesOf(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) =>
    issue.code === 'invalid_union' ? messagesOf(issue.errors.flat()) : [issue.message],
  );
}

const errorsOf = (value: unknown): string[] =>
  messagesOf(withParameters.safeParse([value]).error?.issues ?? []);

describe('A condition of a route', () => {
  it('compares a claim with values, or with a path parameter, or the token has no such claim', () => {
    const written = [
      { claim: 'tier', is: ['gold', 5, true] },
      { claim: ['realm_access', 'roles'], has: 'admin' },
      { claim: 'https://example.com/org', is: '{org}' },
      { claim: 'orgs', has: '{org}' },
      { claim: 'nonce', absent: true },
    ];
    const expected = [
      { path: ['tier'], name: 'tier', test: 'is', values: ['gold', 5, true] },
      { path: ['realm_access', 'roles'], name: '[realm_access, roles]', test: 'has', values: ['admin'] },
      {
        path: ['https://example.com/org'],
        name: 'https://example.com/org',
        test: 'is',
        values: [],
        parameter: 'org',
      },
      { path: ['orgs'], name: 'orgs', test: 'has', values: [], parameter: 'org' },
      { path: ['nonce'], name: 'nonce', test: 'absent', values: [] },
    ];
    expect(withParameters.parse(written)).toEqual(expected.map((each) => ({ ...each, shadow: false })));
  });

  it('cannot mix a path parameter with other text or values', () => {
    const text = 'must be a path parameter alone, "{org}", or values without one';
    expect(errorsOf({ claim: 'a', is: 'x{org}' })).toContain(text);
    expect(errorsOf({ claim: 'a', is: ['{org}'] })).toContain(text);
    expect(errorsOf({ claim: 'a', has: ['b', '{org}'] })).toContain(text);
  });
});
