/** Times of the console's API. */

/** Converts ISO 8601 to epoch seconds; undefined becomes null. */
export function secondsOf(text: string): number;
export function secondsOf(text: string | undefined): number | null;
export function secondsOf(text: string | undefined): number | null {
  return text === undefined ? null : Math.floor(Date.parse(text) / 1000);
}
