import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefersJson, prefersProblemDetails } from '../../src/shared/accept.js';

describe('a client prefers problem details', () => {
  it.each([
    'application/problem+json',
    'Application/Problem+JSON; charset=utf-8',
    'application/problem+json, application/json',
    'application/json;q=0.5, application/problem+json;q=0.5',
    'application/problem+json;q=0.9, */*;q=0.8',
    'application/problem+json;q=0.2, application/json;q=0.1, */*',
    'text/html, , application/problem+json;profile="a;b";q=1.000,',
    'application/problem+json;q=0.3, application/problem+json;q=0.8, application/*;q=0.8',
  ])('with %s', (accept) => {
    expect(prefersProblemDetails(accept)).toBe(true);
  });
});

describe('a client does not prefer problem details', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'application/*',
    'application/json',
    'application/json, application/problem+json;q=0.9',
    'application/problem+json;q=0.9, application/*',
    'application/problem+json;q=0.9, */*',
    'application/problem+json;q=0',
    'application/problem+json;q=0, application/json;q=0',
    'application/problem+xml',
    'application/problem+json;q=2',
    'application/problem+json;q=0.1234',
    'application/problem+json;q=',
    'application/problem+json, nonsense',
    'application/problem+json, a/b/c',
    'application/problem+json/x',
    'application /problem+json',
    'application/problem+json;profile="a,b"',
  ])('with %s', (accept) => {
    expect(prefersProblemDetails(accept)).toBe(false);
  });

  it('where no range names them, whatever the field', () => {
    const text = fc.string().filter((field) => !field.toLowerCase().includes('problem+json'));
    fc.assert(fc.property(text, (accept) => !prefersProblemDetails(accept)));
  });
});

it('JSON is preferred to plain text where it is named, also beside parts that cannot be read', () => {
  expect(prefersJson('application/json')).toBe(true);
  expect(prefersJson('nonsense, application/json;charset=utf-8')).toBe(true);
  expect(prefersJson('application/json;q=0.1, text/plain')).toBe(false);
  for (const accept of [undefined, '*/*', 'application/*', 'application/json;q=x'])
    expect(prefersJson(accept)).toBe(false);
});

it('a long field is read in a time that grows with its length', () => {
  for (const unit of ['"', '"\\', ',;', 'a/b;', '";"', ', ,']) {
    const startedAt = performance.now();
    prefersProblemDetails(unit.repeat(16_384 / unit.length));
    expect(performance.now() - startedAt).toBeLessThan(200);
  }
});
