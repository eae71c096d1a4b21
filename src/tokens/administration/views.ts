/** Apps and named tokens as administrators and developers see them: never with a secret or its hash. */
import type { App, NamedToken, NewApp, Owner } from '../registry/registry.js';

/** An app. It never has the secret, which is shown once, at creation. Times are ISO 8601. */
export interface AppView {
  readonly key: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly organization?: string;
  readonly owner?: Owner;
  readonly created: string;
  /** When it last got a token, to the minute; absent: never. */
  readonly last_used?: string;
  /** Until when the secret before the last rotation is accepted; absent: it is not. */
  readonly previous_secret_until?: string;
}

/** A named token, without the token itself. */
export interface NamedTokenView {
  readonly jti: string;
  /** The key of the app that created it. */
  readonly app: string;
  readonly name: string;
  readonly description: string;
  readonly created: string;
  /** Absent if it never expires. */
  readonly expires?: string;
}

/** Makes the view of an app. */
export function appView(app: Omit<NewApp, 'secretHash'> & Partial<App>, nowMs: number): AppView {
  const { key, name, scopes, organization, owner, createdAtMs, lastUsedAtMs, previousSecret } = app;
  return {
    key,
    name,
    scopes,
    ...(organization !== undefined && { organization }),
    ...(owner && { owner }),
    created: isoOf(createdAtMs),
    ...(lastUsedAtMs !== undefined && { last_used: isoOf(lastUsedAtMs) }),
    ...(previousSecret &&
      previousSecret.untilMs > nowMs && { previous_secret_until: isoOf(previousSecret.untilMs) }),
  };
}

/** Makes the view of a named token. */
export function namedTokenView(token: NamedToken): NamedTokenView {
  const { jti, clientId, name, description, createdAtMs, endsAtMs } = token;
  return {
    jti,
    app: clientId,
    name,
    description,
    created: isoOf(createdAtMs),
    ...(endsAtMs !== undefined && { expires: isoOf(endsAtMs) }),
  };
}

/** Formats epoch milliseconds as ISO 8601. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
