/** The address in `client_ip_header` cannot be forged: neither at the gateway nor at the upstream. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';

const ADDRESS = '203.0.113.9';

let untrusting: Fixture;
let trusting: Fixture;

beforeAll(async () => {
  const config = {
    client_ip_header: 'CF-Connecting-IP',
    routes: [
      { match: 'GET /a', upstream: 'behind', public: true, limit: 'none' },
      {
        match: 'GET /limited',
        upstream: 'behind',
        public: true,
        limit: { requests: 2, window: '1m', by: 'ip' as const },
      },
    ],
  };
  [untrusting, trusting] = await Promise.all([
    startFixture({ ...config, trust_proxy: ['192.0.2.0/24'] }),
    startFixture({ ...config, trust_proxy: ['127.0.0.0/8'] }),
  ]);
});

afterAll(() => Promise.all([untrusting.close(), trusting.close()]));

async function send(fixture: Fixture, fields: readonly string[], path = '/a') {
  const bytes = [`GET ${path} HTTP/1.1`, 'Host: gate.test', ...fields, '', ''].join('\r\n');
  const before = fixture.upstream.requests.length;
  const { responses } = await fixture.talk(bytes);
  const head = fixture.upstream.requests.slice(before)[0]?.head ?? '';
  return {
    status: responses[0]?.status,
    clientIp: fixture.gate.records.at(-1)?.head.clientIp,
    /** The lines of the upstream's request that mean the field, in any spelling. */
    received: head.split('\r\n').filter((line) => /^cf.connecting.ip:/i.test(line)),
    text: head,
  };
}

const SPELLINGS = ['CF-Connecting-IP', 'cf-connecting-ip', 'CF_CONNECTING_IP', 'Cf.Connecting_Ip'];

describe('an untrusted peer', () => {
  it.each(SPELLINGS)('that sends %s is the client itself, also for the upstream', async (name) => {
    const { clientIp, received, text } = await send(untrusting, [`${name}: ${ADDRESS}`, `${name}: ::1`]);
    expect(clientIp).toBe('127.0.0.1');
    expect(received).toEqual(['CF-Connecting-IP: 127.0.0.1']);
    expect(text).not.toContain(ADDRESS);
  });

  it('cannot avoid a limit by address with it', async () => {
    const statuses = [];
    for (const last of [1, 2, 3])
      statuses.push((await send(untrusting, [`CF-Connecting-IP: 198.51.100.${last}`], '/limited')).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('a trusted proxy', () => {
  it('says who the client is, and the upstream gets that address', async () => {
    const { clientIp, received } = await send(trusting, [
      `CF-Connecting-IP: ${ADDRESS}`,
      'X-Forwarded-For: 198.51.100.1',
    ]);
    expect(clientIp).toBe(ADDRESS);
    expect(received).toEqual([`CF-Connecting-IP: ${ADDRESS}`]);
  });

  it.each([
    ['twice', [`CF-Connecting-IP: ${ADDRESS}`, `cf-connecting-ip: ${ADDRESS}`]],
    ['as a list', [`CF-Connecting-IP: 198.51.100.1, ${ADDRESS}`]],
    ['with something else', ['CF-Connecting-IP: nonsense']],
    ['in another spelling only', [`CF_Connecting_IP: ${ADDRESS}`]],
    ['not at all, but a chain of the client', ['X-Forwarded-For: 203.0.113.9', 'X-Real-IP: 203.0.113.9']],
  ])('that sends the field %s is the client itself', async (_how, fields) => {
    const { clientIp, received } = await send(trusting, fields);
    expect(clientIp).toBe('127.0.0.1');
    expect(received).toEqual(['CF-Connecting-IP: 127.0.0.1']);
  });

  it('has clients that are counted apart', async () => {
    const statuses = [];
    for (const last of [1, 2, 3, 3, 3])
      statuses.push((await send(trusting, [`CF-Connecting-IP: 198.51.100.${last}`], '/limited')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
  });
});
