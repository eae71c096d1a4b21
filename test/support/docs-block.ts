/** Blocks of the documentation's pages, for tests that compare them with what the gateway does. */
import { readFileSync } from 'node:fs';

/**
 * The first block of a page after a text.
 *
 * @param language as after the opening fence; by default none
 * @throws Error where there is none
 */
export function blockAfter(page: string, text: string, language = ''): string {
  const [, below = ''] = readFileSync(page, 'utf8').split(text);
  const fence = `\n\`\`\`${language}\n`;
  const at = below.indexOf(fence);
  if (at < 0) throw new Error(`${page} has no such block after "${text}"`);
  const block = below.slice(at + fence.length);
  return block.slice(0, block.indexOf('\n```'));
}
