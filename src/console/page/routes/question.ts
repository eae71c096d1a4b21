/** What is typed into the filter of the routes: a text to look for, or a request to match. */

/** A request whose route is asked for. */
export interface RouteQuestion {
  readonly method: string;
  readonly url: string;
}

const REQUEST = /^(?:([A-Za-z]+)\s+)?(\/\S*|https?:\/\/\S+)$/;

/** Reads a path or a URL, with or without a method: `DELETE /files/7`. Returns undefined where it is neither. */
export function questionIn(text: string): RouteQuestion | undefined {
  const [, method = 'GET', url] = REQUEST.exec(text.trim()) ?? [];
  // The query decides nothing, and may hold what does not belong in an address.
  return url === undefined ? undefined : { method: method.toUpperCase(), url: url.replace(/[?#].*$/, '') };
}

/** The path of the API that has the route of a request. */
export function matchPath({ method, url }: RouteQuestion): string {
  return `routes/match?${new URLSearchParams({ method, url })}`;
}
