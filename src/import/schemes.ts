/** The security schemes of a document: which of them are tokens of the issuer in the file, and their placeholder scopes. */
import { isLoopback } from '../model/loopback.js';
import { fieldOf, isFields, type Fields } from './document.js';
import { Unresolved, type Resolve } from './references.js';

/** A security scheme. */
export interface Scheme {
  readonly name: string;
  /** As in the document: `apiKey`, `http bearer`; `unknown` for a scheme that it does not describe. */
  readonly type: string;
  /** Whether its scopes are those of tokens of the file's issuer. */
  readonly isToken: boolean;
  /** A scope that no token has, until the operator replaces it. */
  readonly placeholder: string;
}

/** The schemes of a document, and what is known of the issuer of its tokens. */
export interface Schemes {
  /** Returns the scheme of a name; one that the document does not describe is no token. */
  of(name: string): Scheme;
  /** A scope that no token has, for what is not a scheme: `placeholder:unspecified`. */
  placeholder(purpose: string): string;
  /** The iss that a scheme leads to, and that scheme's name; undefined where none does. */
  readonly issuer: { readonly iss: string; readonly scheme: string } | undefined;
  /** The schemes whose tokens another issuer signs. */
  readonly otherIssuers: readonly string[];
}

const WELL_KNOWN = '/.well-known/openid-configuration';
/** An iss that the file can have: no placeholder of another syntax, no query. */
const ISS = /^https?:\/\/[A-Za-z0-9.-]+(?::\d+)?(?:\/[A-Za-z0-9._~-]+)*\/?$/;
/** Their tokens have the tenant in their iss. */
const WITHOUT_TENANT = /^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)\b/i;

/** Reads the schemes of a document. */
export function readSchemes(document: Fields, resolve: Resolve): Schemes {
  const declared = fieldOf(fieldOf(document, 'components'), 'securitySchemes');
  const fields = new Map<string, Fields>();
  for (const [name, value] of isFields(declared) ? Object.entries(declared) : []) {
    const scheme = resolve(value);
    if (!(scheme instanceof Unresolved)) fields.set(name, scheme);
  }
  const issuers = new Map([...fields].map(([name, scheme]) => [name, issuerOf(scheme)]));
  const first = [...issuers].find(([, iss]) => iss !== undefined && iss !== NO_ISSUER);
  const main = first?.[1] ?? NO_ISSUER;
  const placeholder = createPlaceholders();
  const known = new Map<string, Scheme>();
  return {
    of(name) {
      let scheme = known.get(name);
      if (scheme === undefined) {
        const isToken = issuers.get(name) === main;
        scheme = {
          name,
          type: typeOf(fields.get(name)),
          isToken,
          placeholder: placeholder(`scheme ${name}`, name),
        };
        known.set(name, scheme);
      }
      return scheme;
    },
    placeholder: (purpose) => placeholder(purpose, purpose),
    issuer: first && { iss: first[1]!, scheme: first[0] },
    otherIssuers: [...issuers].filter(([, iss]) => iss !== undefined && iss !== main).map(([name]) => name),
  };
}

/** The prefix of every placeholder scope. */
export const PLACEHOLDER = 'placeholder:';

/** A scope has no spaces, quotes and braces; two keys never give one placeholder. */
function createPlaceholders(): (key: string, name: string) => string {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  return (key, name) => {
    let text = names.get(key);
    if (text === undefined) {
      const plain = PLACEHOLDER + (name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60) || '_');
      text = plain;
      for (let count = 2; taken.has(text); count++) text = `${plain}-${count}`;
      taken.add(text);
      names.set(key, text);
    }
    return text;
  };
}

/** For tokens whose issuer the document does not name. */
const NO_ISSUER = '';

/** The issuer of a scheme's tokens; `NO_ISSUER` where it is not named; undefined for what is no token. */
function issuerOf(scheme: Fields): string | undefined {
  const type = fieldOf(scheme, 'type');
  if (type === 'http') return /^bearer$/i.test(String(fieldOf(scheme, 'scheme'))) ? NO_ISSUER : undefined;
  if (type === 'openIdConnect') {
    const url = fieldOf(scheme, 'openIdConnectUrl');
    const isUsual = typeof url === 'string' && url.endsWith(WELL_KNOWN);
    return isUsual ? usable(url.slice(0, -WELL_KNOWN.length)) : NO_ISSUER;
  }
  if (type !== 'oauth2') return undefined;
  const flows = fieldOf(scheme, 'flows');
  for (const flow of isFields(flows) ? Object.values(flows) : []) {
    for (const name of ['tokenUrl', 'authorizationUrl']) {
      const url = fieldOf(flow, name);
      if (typeof url === 'string' && URL.canParse(url)) return usable(new URL(url).origin);
    }
  }
  return NO_ISSUER;
}

/** Keys are read over https, or over http from this machine. */
function usable(iss: string): string {
  if (!ISS.test(iss) || WITHOUT_TENANT.test(iss)) return NO_ISSUER;
  return iss.startsWith('https:') || isLoopback(new URL(iss).hostname) ? iss : NO_ISSUER;
}

function typeOf(scheme: Fields | undefined): string {
  const type = fieldOf(scheme, 'type');
  if (typeof type !== 'string') return 'unknown';
  const http = fieldOf(scheme, 'scheme');
  return type === 'http' && typeof http === 'string' ? `http ${http}` : type;
}
