/**
 * The page's addresses, after the `#`: `#/apps/KEY`. The server sees none of them, so the page works below any prefix, and
 * what a person looks at is in no log.
 */
import { useEffect, useState } from 'preact/hooks';

/** A place in the page. */
export interface Place {
  /** The decoded segments: `['apps', 'KEY']`. */
  readonly segments: readonly string[];
  /** What follows a `?`. */
  readonly query: URLSearchParams;
}

/** Reads a place from the part of an address after its `#`. */
function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const segments = path.split('/').filter((segment) => segment !== '');
  return { segments: segments.map(decode), query: new URLSearchParams(query) };
}

/** Returns the address of a place, for a link. */
export function linkTo(...segments: readonly string[]): string {
  return `#/${segments.map(encodeURIComponent).join('/')}`;
}

/** Goes to a place. */
export function goTo(...segments: readonly string[]): void {
  location.hash = linkTo(...segments);
}

/** The current place; the component is drawn again when it changes. */
export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parsePlace(hash);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
