/**
 * What is typed into a form when the session ends, so that it is there again after signing in. It is in the memory of the
 * page only, holds no secret, and is for the same person at the same place alone.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../api/session';

interface LeftDrafts {
  readonly person: string;
  readonly place: string;
  readonly drafts: Map<string, unknown>;
}

/** The forms of the current page that were changed. */
const open = new Map<string, unknown>();
let left: LeftDrafts | undefined;

/** Keeps the drafts of the current page. Called as a session ends, while the page is still drawn. */
export function leaveDrafts(session: Session): void {
  left = { person: personOf(session), place: location.hash, drafts: new Map(open) };
}

/** Drops the drafts unless they are of the person who signs in, for the place that is shown. */
export function returnToDrafts(session: Session): void {
  if (left?.person !== personOf(session) || left.place !== location.hash) left = undefined;
}

/**
 * The state of a form.
 * @param form its name on its page
 * @param initial what it has at first, unless there is a draft
 * @param keep returns what may be kept of a draft: all but its secrets
 */
export function useDraft<T extends object>(
  form: string,
  initial: T,
  keep: (draft: T) => T = (draft) => draft,
): readonly [T, (draft: T) => void] {
  const [draft, setDraft] = useState<T>(() => (takeDraft(form) as T | undefined) ?? initial);
  useEffect(() => () => void open.delete(form), [form]);
  const change = (next: T): void => {
    open.set(form, keep(next));
    setDraft(next);
  };
  return [draft, change];
}

function takeDraft(form: string): unknown {
  if (left?.place !== location.hash) return undefined;
  const draft = left.drafts.get(form);
  left.drafts.delete(form);
  // It is shown again, so it is what a second end of the session must keep.
  if (draft !== undefined) open.set(form, draft);
  return draft;
}

function personOf({ kind, name, organization }: Session): string {
  return JSON.stringify([kind, name, organization]);
}
