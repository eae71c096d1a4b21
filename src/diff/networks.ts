/** Sets of addresses as ranges, so that one block and its two halves are equal. */
import { isIPv4 } from 'node:net';
import { groupsOf } from '../model/network.js';

/** Addresses as numbers of 128 bits, both ends included. IPv4 has the place of its mapped form (RFC 4291 2.5.5.2). */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = 128;
const IPV4_BITS = 32;

/** Returns those of some blocks that are not covered whole by other blocks, alone or together. Blocks are valid CIDR. */
export function uncoveredBlocks(blocks: readonly string[], others: readonly string[]): readonly string[] {
  const covered = merged(others.map(rangeOf));
  return blocks.filter((block) => {
    const { first, last } = rangeOf(block);
    return !covered.some((range) => range.first <= first && last <= range.last);
  });
}

function rangeOf(block: string): Range {
  const [text = '', length] = block.split('/');
  const isShort = isIPv4(text);
  const groups = groupsOf(isShort ? `::ffff:${text}` : text.replace(/%.*/, '')) ?? [];
  const address = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  const free = length === undefined ? 0 : (isShort ? IPV4_BITS : BITS) - Number(length);
  const mask = (1n << BigInt(free)) - 1n;
  return { first: address & ~mask, last: address | mask };
}

/** Joins ranges that overlap or touch. */
function merged(ranges: readonly Range[]): readonly Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges].sort((one, other) => (one.first < other.first ? -1 : 1))) {
    const previous = joined.at(-1);
    if (!previous || range.first > previous.last + 1n) joined.push(range);
    else if (range.last > previous.last) joined[joined.length - 1] = { ...previous, last: range.last };
  }
  return joined;
}
