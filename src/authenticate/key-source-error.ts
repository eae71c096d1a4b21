/** Authenticate, an issuer's keys: why they could not be read, in words that may go into the log. */

export interface KeySourceDetails {
  /** What was asked, or read. */
  readonly url?: string;
  readonly file?: string;
  /** The issuer that discovery metadata names, and the one that it should name. */
  readonly found?: string;
  readonly expected?: string;
}

/** What is wrong with a key source, in our own words or as the system's error code. */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';

  constructor(
    message: string,
    readonly details: KeySourceDetails = {},
  ) {
    super(message);
  }

  /** An error as one of these, with the place that was asked. */
  static of(error: unknown, place: Pick<KeySourceDetails, 'url' | 'file'>): KeySourceError {
    if (!(error instanceof KeySourceError)) return new KeySourceError(codeOf(error), place);
    return new KeySourceError(error.message, { ...place, ...error.details });
  }
}

/**
 * An error's reason and details as fields of a log line. A message of the system or of undici may hold a URL, and that
 * a secret, so its code stands for it.
 */
export function logFieldsOf(error: unknown): KeySourceDetails & { readonly reason: string } {
  if (!(error instanceof KeySourceError)) return { reason: codeOf(error) };
  const { url, file, found, expected } = error.details;
  const place = url === undefined ? undefined : withoutSecrets(url);
  return {
    reason: error.message,
    ...(place !== undefined && { url: place }),
    ...(file !== undefined && { file }),
    ...(found !== undefined && { found }),
    ...(expected !== undefined && { expected }),
  };
}

/** A URL without what may be secret in it: user name, password and query. */
function withoutSecrets(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unreadable';
}
