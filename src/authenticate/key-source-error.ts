/** Authenticate, issuer keys: the error of a failed reading, with a reason and details that are safe to log. */

export interface KeySourceDetails {
  /** What was requested. */
  readonly url?: string;
  readonly file?: string;
  /** The issuer that the discovery metadata names. */
  readonly found?: string;
  /** The issuer that it should name. */
  readonly expected?: string;
}

/** A problem of a key source. The message is one of ours or an error code of the system, so it is safe to log. */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';

  constructor(
    message: string,
    readonly details: KeySourceDetails = {},
  ) {
    super(message);
  }

  /** Converts any error, and adds the URL or file that was read. */
  static of(error: unknown, place: Pick<KeySourceDetails, 'url' | 'file'>): KeySourceError {
    if (!(error instanceof KeySourceError)) return new KeySourceError(codeOf(error), place);
    return new KeySourceError(error.message, { ...place, ...error.details });
  }
}

/**
 * Returns an error's reason and details as log fields. A message of the system or of undici may contain a URL with a
 * secret, so its code is logged instead.
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

/** Removes what may be secret from a URL: user name, password and query. */
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
