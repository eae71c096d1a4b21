/** What a run is judged by: claims, each with its figure and whatever speaks against it. */

export interface Finding {
  /** The claim, as a sentence. */
  readonly claim: string;
  /** What was counted or measured for it. */
  readonly figure: string;
  /** Whatever is not explained; a claim holds where there is none. */
  readonly against: readonly string[];
}

export function holds({ against }: Finding): boolean {
  return against.length === 0;
}
