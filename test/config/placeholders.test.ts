/** What `tollgate import` writes where the document says nothing: check warns of it until it is edited. */
import { expect, it } from 'vitest';
import { load, planted, upstreamOf, VALID } from './planted.js';

async function warningsOf(text: string): Promise<string[]> {
  return (await load(text)).warnings.map(({ line, column, text: words }) => `${line}:${column}: ${words}`);
}

const audience = (value: string) => planted('audience: a', `audience: ${value}`);

it.each([
  [
    audience('"https://audience.invalid"'),
    ['2:49: "https://audience.invalid" is a placeholder: write the aud of your tokens'],
  ],
  [
    audience('[b, "https://audience.invalid"]'),
    ['2:39: "https://audience.invalid" is a placeholder: write the aud of your tokens'],
  ],
  [
    planted('"https://i.example"', '"https://issuer.invalid"'),
    ['2:18: "https://issuer.invalid" is a placeholder: write the iss of your tokens'],
  ],
  [
    upstreamOf('http://upstream.invalid'),
    ['4:8: "http://upstream.invalid" is a placeholder: write the address of the service'],
  ],
])('warns of a name that RFC 2606 reserves so that nobody has it: %#', async (text, warnings) => {
  expect(await warningsOf(text)).toEqual(warnings);
});

it.each([
  VALID,
  audience('false'),
  audience('api.invalid-but-real.example'),
  audience('"urn:invalid"'),
  upstreamOf('http://invalid.example'),
])('does not warn of other names: %#', async (text) => {
  expect(await warningsOf(text)).toEqual([]);
});
