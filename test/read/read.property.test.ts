import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createReader } from '../../src/read/read.js';
import { requestOf } from './request-of.js';

const read = createReader({ trustProxy: ['10.0.0.0/8', 'fd00::/8'], newId: () => 'new-id' });

const name = fc.oneof(
  fc.constantFrom(
    ...['Host', 'AUTHORIZATION', 'Content-Length', 'transfer-encoding', 'Connection', 'Upgrade', 'Expect'],
    ...['Origin', 'Access-Control-Request-Method', 'X-Request-Id', 'X-Forwarded-For', 'X-Forwarded-Proto'],
    ...['X-Forwarded-Host', 'X-Real-IP', '__proto__', 'constructor', 'twice'],
  ),
  fc.string(),
);
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.ipV4(),
  fc.ipV6(),
  fc
    .array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1', '[::1]:5', '', 'x')))
    .map((all) => all.join(', ')),
  fc.constantFrom('chunked', 'websocket', 'upgrade', '100-continue', '5', 'api.example', '[::1]:80', 'https'),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 20 }).map((pairs) => pairs.flat());

it('For any fields, there is a head with an id and a client, and nothing throws', () => {
  const peer = fc.option(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1', 'fd00::1', 'nonsense')), {
    nil: undefined,
  });
  fc.assert(
    fc.property(fields, peer, fc.string(), fc.string(), (sent, from, method, target) => {
      const head = read(requestOf(sent, { method, target, ...(from === undefined ? {} : { peer: from }) }));
      expect(head.id).toMatch(/^[!-~]{1,128}$/);
      expect(head.clientIp === 'unknown' || isIP(head.clientIp) !== 0).toBe(true);
      expect(['http', 'https']).toContain(head.forwardedProto);
      expect(Number.isSafeInteger(head.contentLength) && head.contentLength >= 0).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

it('An untrusted client cannot choose the counted address, or the id, by any field', () => {
  fc.assert(
    fc.property(fields, (sent) => {
      const head = read(requestOf(sent, { peer: '192.0.2.1' }));
      expect(head).toMatchObject({
        id: 'new-id',
        clientIp: '192.0.2.1',
        forwardedFor: '192.0.2.1',
        forwardedProto: 'http',
      });
    }),
    { numRuns: 1000 },
  );
});

it('Behind a trusted proxy, nothing left of the address it saw changes who is counted', () => {
  fc.assert(
    fc.property(value, (forged) => {
      const head = read(
        requestOf(['X-Forwarded-For', forged, 'X-Forwarded-For', '192.0.2.1'], { peer: '10.0.0.1' }),
      );
      expect(head.clientIp).toBe('192.0.2.1');
    }),
    { numRuns: 1000 },
  );
});
