/** A choice of scopes, in groups, with the routes that each chosen one opens. */
import { useId, useState } from 'preact/hooks';
import { covers, groupScopes, mayGrant, type GrantableScope } from '../scopes';
import { useSession } from '../session';

export interface ScopePickerProps {
  readonly grantable: readonly GrantableScope[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
  readonly error?: string | undefined;
}

/** Draws a box for each scope. An administrator can also add a scope that no route names. */
export function ScopePicker({ grantable, chosen, onChange, error }: ScopePickerProps) {
  const session = useSession();
  const id = useId();
  const others = chosen.filter((scope) => !isListed(grantable, scope));
  const groups = groupScopes(grantable, (scope) => mayGrant(session, scope));
  const choose = (scope: string, isChosen: boolean): void => {
    const rest = chosen.filter((one) => one !== scope);
    onChange(isChosen ? [...rest, scope] : rest);
  };
  const boxOf = (one: GrantableScope) => (
    <ScopeBox key={one.scope} {...one} chosen={chosen} onChoose={choose} />
  );
  return (
    <fieldset class="scope-picker" aria-describedby={`${id}-error`}>
      <legend class="label">Scopes</legend>
      <div id={`${id}-error`}>{error !== undefined && <p class="error">{error}</p>}</div>
      {groups.map(({ name, scopes }) => (
        <fieldset key={name} class="scope-group">
          <legend>{name}</legend>
          {scopes.map(boxOf)}
        </fieldset>
      ))}
      {others.length > 0 && (
        <fieldset class="scope-group">
          <legend>Scopes that no route names</legend>
          {others.map((scope) => boxOf({ scope, opens: [] }))}
        </fieldset>
      )}
      {groups.length === 0 && others.length === 0 && (
        <p class="soft">There is no scope that you may grant. An administrator can change that.</p>
      )}
      {session.kind === 'administrator' && <OtherScope onAdd={(scope) => choose(scope, true)} />}
    </fieldset>
  );
}

/** Whether the groups have a box for it, among them that of a whole group. */
function isListed(grantable: readonly GrantableScope[], scope: string): boolean {
  const under = grantable.filter((one) => covers(scope, one.scope));
  const isWholeGroup = /^[^:]*:\*$/.test(scope) && under.length > 1;
  return isWholeGroup || grantable.some((one) => one.scope === scope);
}

interface ScopeBoxProps extends GrantableScope {
  readonly chosen: readonly string[];
  readonly onChoose: (scope: string, isChosen: boolean) => void;
}

function ScopeBox({ scope, opens, chosen, onChoose }: ScopeBoxProps) {
  const isChosen = chosen.includes(scope);
  const coveredBy = chosen.find((one) => one !== scope && covers(one, scope));
  return (
    <div class="scope-box">
      <label>
        <input
          type="checkbox"
          checked={isChosen || coveredBy !== undefined}
          disabled={!isChosen && coveredBy !== undefined}
          onChange={({ currentTarget }) => onChoose(scope, currentTarget.checked)}
        />
        <code>{scope}</code>
        {coveredBy !== undefined && <span class="soft small">covered by {coveredBy}</span>}
      </label>
      {isChosen && <Opens routes={opens} />}
    </div>
  );
}

function Opens({ routes }: { readonly routes: readonly string[] }) {
  const [first, ...more] = routes;
  if (first === undefined) return <p class="opens soft small">opens no route by itself</p>;
  const text = (
    <>
      opens <code>{first}</code>
    </>
  );
  if (more.length === 0) return <p class="opens small">{text}</p>;
  return (
    <details class="opens small">
      <summary>
        {text} and {more.length} more
      </summary>
      <ul>
        {more.map((route) => (
          <li key={route}>
            <code>{route}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function OtherScope({ onAdd }: { readonly onAdd: (scope: string) => void }) {
  const [text, setText] = useState('');
  const id = useId();
  const add = (): void => {
    if (text.trim() !== '') onAdd(text.trim());
    setText('');
  };
  return (
    <div class="other-scope">
      <label for={id}>Another scope</label>
      <div class="row">
        <input
          id={id}
          type="text"
          value={text}
          spellcheck={false}
          placeholder="orders:read"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // Enter adds the scope; it does not send the form.
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="button" onClick={add}>
          Add
        </button>
      </div>
    </div>
  );
}
