/** For tests over raw sockets: sends bytes as they are, and parses what comes back into responses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openRaw, type RawClient } from './raw.js';

export interface WireResponse {
  readonly status: number;
  /** All fields of the name, with its values in the order in which they came; `name` in lower case. */
  readonly field: (name: string) => string | undefined;
  readonly head: string;
  readonly body: string;
  /** The code in a refusal's body. */
  readonly code: number | undefined;
}

export interface Dialogue {
  readonly responses: readonly WireResponse[];
  readonly text: string;
  /** Whether the gate ended the connection, and how. */
  readonly end: 'end' | 'reset' | undefined;
}

export interface DialogueOptions {
  /** Waits for so many responses, without interim ones, or for the end of the connection. */
  readonly responses?: number;
  /** Waits for the end of the connection, whatever the responses. */
  readonly untilEnd?: boolean;
  readonly timeoutMs?: number;
}

/** Sends the bytes on a new connection and waits for the expected result, up to the given time. */
export async function talk(
  port: number,
  bytes: string,
  { responses = 1, untilEnd = false, timeoutMs = 5000 }: DialogueOptions = {},
): Promise<Dialogue> {
  const client = openRaw(port, Buffer.from(bytes, 'latin1'));
  const end = await waitFor(client, responses, untilEnd, timeoutMs);
  const text = client.text();
  client.destroy();
  return { responses: parseResponses(text), text, end };
}

async function waitFor(
  client: RawClient,
  responses: number,
  untilEnd: boolean,
  timeoutMs: number,
): Promise<Dialogue['end']> {
  let end: Dialogue['end'];
  void client.ended.then((how) => {
    end = how;
  });
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline && end === undefined) {
    if (!untilEnd && parseResponses(client.text()).length >= responses) break;
    await sleep(2);
  }
  return end;
}

/**
 * The complete final responses; a body runs to its Content-Length, its last chunk, or the end of the text.
 */
export function parseResponses(text: string): WireResponse[] {
  const responses: WireResponse[] = [];
  for (let rest = text; rest.startsWith('HTTP/1.1 ');) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const head = rest.slice(0, end);
    const status = Number(head.slice(9, 12));
    const from = end + 4;
    const to = status < 200 ? from : endOfBody(head, rest, from);
    if (to > rest.length) break;
    if (status >= 200 || status === 101) responses.push(parseResponse(status, head, rest.slice(from, to)));
    rest = rest.slice(to);
  }
  return responses;
}

function endOfBody(head: string, text: string, from: number): number {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return from + Number(length);
  if (!/^transfer-encoding: *chunked/im.test(head))
    return / 204 | 304 /.test(head.slice(8, 14)) ? from : text.length;
  const last = text.indexOf('0\r\n\r\n', from);
  return last < 0 ? Infinity : last + 5;
}

function parseResponse(status: number, head: string, body: string): WireResponse {
  const code = /^\{"errors":\[\{"code":(\d+),"message":"[^"]*"\}\]\}$/.exec(body)?.[1];
  return {
    status,
    head,
    body,
    code: code === undefined ? undefined : Number(code),
    field: (name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1],
  };
}
