/** Which networks of proxies are compared as equal, by what the gateway itself trusts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReadAddress } from '../../src/read/address.js';
import { compareAddresses } from '../../src/diff/addresses.js';
import { compileConfig } from '../../src/config/config.js';
import type { Settings } from '../../src/model/settings.js';
import { changesOf } from './compare.js';

const ADDRESSES = Array.from({ length: 16 }, (_, index) => index);

/** Blocks of sixteen addresses, in three spellings: IPv4, IPv6, and IPv4 in IPv6. */
const block = fc
  .record({
    family: fc.constantFrom('4', '6', 'mapped'),
    first: fc.nat(15),
    bits: fc.integer({ min: 0, max: 4 }),
    isPlain: fc.boolean(),
  })
  .map(({ family, first, bits, isPlain }) => {
    const short = bits === 4 && isPlain;
    if (family === '4') return `10.0.0.${first}${short ? '' : `/${28 + bits}`}`;
    const address = family === '6' ? `2001:db8::${first.toString(16)}` : `::ffff:10.0.0.${first}`;
    return `${address}${short ? '' : `/${124 + bits}`}`;
  });
const blocks = fc.array(block, { maxLength: 6 });

function settingsWith(trusted: readonly string[]): Settings {
  return compileConfig({ ...FILE, trust_proxy: trusted }, { env: {}, baseFolder: '.' }).settings;
}

const FILE = {
  upstreams: { a: 'http://127.0.0.1:9' },
  routes: [{ match: 'GET /', upstream: 'a', public: true, limit: { requests: 1, window: '1m', by: 'ip' } }],
};

function trustedBy(list: readonly string[]): readonly string[] {
  const read = createReadAddress(list);
  return ADDRESSES.flatMap((last) => [`10.0.0.${last}`, `2001:db8::${last.toString(16)}`]).filter(
    (address) => read(address)?.trusted,
  );
}

describe('trust_proxy', () => {
  it('differs exactly where an address is trusted by one file alone', () => {
    fc.assert(
      fc.property(blocks, blocks, (old, now) => {
        const [before, after] = [trustedBy(old), trustedBy(now)];
        const texts = compareAddresses(settingsWith(old), settingsWith(now)).map(({ text }) => text);
        const isMore = after.some((address) => !before.includes(address));
        const isLess = before.some((address) => !after.includes(address));
        expect(texts.some((text) => text.includes(' added: '))).toBe(isMore);
        expect(texts.some((text) => text.includes(' removed: '))).toBe(isLess);
      }),
    );
  });

  it('is not reported where two halves replace a block', () => {
    const change = (file: Record<string, unknown>) => (file['trust_proxy'] = ['10.0.0.0/9', '10.128.0.0/9']);
    expect(changesOf(change)).toEqual([]);
  });

  it('names the blocks that are not trusted whole by the other file', () => {
    const change = (file: Record<string, unknown>) =>
      (file['trust_proxy'] = ['10.0.0.0/9', '10.128.0.0/10', '2001:db8::/32']);
    expect(changesOf(change).map(({ text }) => text)).toEqual([
      '2001:db8::/32 added: what they say of clients is believed',
      expect.stringMatching(/^10\.0\.0\.0\/8 removed: /),
    ]);
  });
});
