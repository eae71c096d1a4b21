/** wrk, with a script that uses the tokens in turn and checks every response. */
import { inRepository } from '../paths.js';
import { runChild } from '../environment/child.js';
import { GRACE_MS, type Load, type Outcome } from './load.js';

/**
 * Timeout of a response, including connecting. A thousand connections at once exceed the listen queue of a
 * port (511): the system retries the rest after one second, then after two more.
 */
const TIMEOUT_S = 10;

export function createWrk(wrk: string): Load {
  return {
    kind: 'wrk',
    async run({ url, connections, seconds, uploadFile, tokensFile, expected }) {
      const { status, bodyFile, limit } = expected;
      const args = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
      args.push('--timeout', `${TIMEOUT_S}s`);
      const script = ['--script', inRepository('bench/load/wrk.lua'), url, '--'];
      const due = [tokensFile, uploadFile ?? '', bodyFile, String(status), String(limit ?? '')];
      const output = await runChild('wrk', [wrk, ...args, ...script, ...due], seconds * 1000 + GRACE_MS);
      const [, json] = /^OUTCOME (.*)$/m.exec(output) ?? [];
      if (json === undefined) throw new Error(`wrk told no outcome\n${output}`);
      return JSON.parse(json) as Outcome;
    },
  };
}
