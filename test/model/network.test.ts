import fc from 'fast-check';
import { expect, it } from 'vitest';
import { networkOf, subnetOf } from '../../src/model/network.js';

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1'],
  ['2001:0DB8:0000:0001::5', '2001:db8:0:1'],
  ['2001:db8::', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['fe80::2%eth1', 'fe80:0:0:0'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it.each([
  '',
  'unix',
  ':',
  ':::',
  '1::2::3',
  '1:2:3',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'g::',
  '::1.2.3',
  '::1.2.3.4.5',
  '::1.2.3.999',
])('%j is no address and is counted as it is', (text) => {
  expect(networkOf(text)).toBe(text);
});

it('every spelling of an IPv6 address is counted as its first four groups', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.boolean(), (groups, padded) => {
      fc.pre(groups[0] !== 0);
      const hex = groups.map((each) => each.toString(16).padStart(padded ? 4 : 1, '0'));
      const network = groups
        .slice(0, 4)
        .map((each) => each.toString(16))
        .join(':');
      expect(networkOf(hex.join(':'))).toBe(network);
      const start = groups.indexOf(0);
      if (start === -1) return;
      let end = start;
      while (groups[end] === 0) end++;
      expect(networkOf(`${hex.slice(0, start).join(':')}::${hex.slice(end).join(':')}`)).toBe(network);
    }),
  );
});

it.each([
  ['192.0.2.77', '192.0.2'],
  ['::ffff:192.0.2.77', '192.0.2'],
  ['2001:db8:1:2:3::4', '2001:db8:1:2'],
  ['no address', 'no address'],
])('%s is queued as the network %s', (address, subnet) => {
  expect(subnetOf(address)).toBe(subnet);
});
