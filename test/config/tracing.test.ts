import { describe, expect, it } from 'vitest';
import { load, onTop, problemsOf, VALID } from './planted.js';

const COLLECTOR = 'otlp: http://127.0.0.1:4318';

describe('tracing', () => {
  it.each([
    ['{otlp: collector:4318}', '"otlp" must be a URL that begins with http:// or https://'],
    ['{otlp: grpc://collector:4317}', '"otlp" must begin with http:// or https://, not with grpc://'],
    ['{otlp: "http://a:b@collector"}', '"otlp" must be a URL without a user name or password'],
    ['{otlp: "http://collector/?key=a"}', '"otlp" must be a URL without a query'],
    ['{otlp: "https://{region}.example"}', '"otlp" must have the value of {region} in its place'],
    [`{${COLLECTOR}, sample: 10}`, '"sample" must be a share such as 10%'],
    [`{${COLLECTOR}, sample: "0.1"}`, '"sample" must be a share such as 10%, from 0% to 100%'],
    [`{${COLLECTOR}, sample: 101%}`, '"sample" must be a share such as 10%, from 0% to 100%'],
    [`{${COLLECTOR}, sample: -1%}`, '"sample" must be a share such as 10%, from 0% to 100%'],
    [`{${COLLECTOR}, service: ""}`, '"service" must not be empty'],
    [`{${COLLECTOR}, headers: {A b: c}}`, expect.stringContaining('A b')],
    [`{${COLLECTOR}, headers: {A: ""}}`, '"A" must not be empty'],
  ])('with the value %s is refused', async (written, problem) => {
    const problems = await problemsOf(onTop(`tracing: ${written}`));
    expect(problems.map((each) => each.replace(/^1:\d+: /, ''))).toEqual([problem]);
  });

  it.each([
    ['http://127.0.0.1:4318', 'http://127.0.0.1:4318/v1/traces'],
    ['http://collector:4318/', 'http://collector:4318/v1/traces'],
    ['https://otlp.example/tenant/one', 'https://otlp.example/tenant/one/v1/traces'],
    ['https://otlp.example/v1/traces', 'https://otlp.example/v1/traces'],
  ])('sends spans for %s to %s', async (otlp, url) => {
    const { settings } = await load(onTop(`tracing: {otlp: "${otlp}"}`));
    expect(settings.tracing).toEqual({ url, sample: 1, service: undefined, headers: [] });
  });

  it.each([
    ['10%', 0.1],
    ['0.5 %', 0.005],
    ['0%', 0],
    ['100%', 1],
  ])('samples %s', async (sample, share) => {
    const { settings } = await load(onTop(`tracing: {${COLLECTOR}, sample: ${sample}}`));
    expect(settings.tracing?.sample).toBeCloseTo(share, 10);
  });

  it.each([
    ['http://collector:4318', ['header fields that are sent over http can be read on the network']],
    ['http://127.0.0.1:4318', []],
    ['https://collector', []],
  ])('with a credential for %s has the warnings %j, which each start logs', async (otlp, expected) => {
    const { settings, warnings } = await load(onTop(`tracing: {otlp: "${otlp}", headers: {Api-Key: abc}}`));
    expect(warnings.map(({ text }) => text)).toEqual(expected);
    expect(settings.insecure.map(({ text }) => text)).toEqual(expected);
  });

  it('is absent by default', async () => {
    expect((await load(VALID)).settings.tracing).toBeUndefined();
  });
});
