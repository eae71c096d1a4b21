/** Asks the collector of traces for `check --online`: sends it no spans, with the gateway's fields. */
import { Agent, request } from 'undici';
import { codeOf } from '../../forward/failures.js';
import type { TracingSettings } from '../../model/trace.js';
import { USER_AGENT } from '../../model/version.js';
import { DependencyError, errorOfCode, noReply } from './advice.js';

const KEYS = { address: '"otlp"', ca: 'NODE_EXTRA_CA_CERTS', serverName: '"otlp"' };
const NO_SPANS = '{"resourceSpans":[]}';

/** Resolves when the collector accepts a request without spans. */
export async function askCollector(
  { url, headers }: TracingSettings,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } });
  try {
    const { statusCode } = await request(url, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(headers),
        'content-type': 'application/json',
        'user-agent': USER_AGENT,
      },
      body: NO_SPANS,
      signal,
      dispatcher,
    });
    if (statusCode >= 200 && statusCode < 300) return 'accepts spans';
    throw new DependencyError(`it responds with ${statusCode}; ${remedyOf(statusCode)}`);
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    if (signal.aborted) throw new DependencyError(noReply(KEYS.address), { cause: error });
    const code = error instanceof Error ? codeOf(error) : '';
    throw errorOfCode(code, 'the request failed', KEYS);
  } finally {
    await dispatcher.destroy();
  }
}

function remedyOf(status: number): string {
  if (status === 401 || status === 403) return 'correct "headers"';
  if (status === 404 || status === 405) return 'correct "otlp": spans are sent to /v1/traces below it';
  if (status === 415) return 'it has to accept OTLP/HTTP as JSON';
  return 'correct "otlp", or the service there';
}
