/** The result of a run: claims, each with its figure and the findings against it. */

export interface Finding {
  /** The claim, as a sentence. */
  readonly claim: string;
  /** What was counted or measured for it. */
  readonly figure: string;
  /** What is not explained; a claim holds where there is none. */
  readonly against: readonly string[];
}

export function holds({ against }: Finding): boolean {
  return against.length === 0;
}
