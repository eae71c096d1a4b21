/** The header and the payload of a token as definition lists with meaning. Whatever a token says stays text. */
import { useState } from 'preact/hooks';
import { Inline } from '../parts/name';
import { Scopes } from '../parts/scopes';
import { visibleText } from '../visible';
import { exactText, isTime, relativeText } from '../words';
import { decodePart, parsed, type NamedValue } from './decode';

/** What the registered names mean (RFC 7515 4.1, RFC 7519 4.1, RFC 7800, RFC 8693 4, RFC 9068 2). */
const MEANINGS: Readonly<Record<string, string>> = {
  alg: 'algorithm',
  kid: 'key',
  typ: 'type',
  crit: 'critical names',
  iss: 'issuer',
  sub: 'subject',
  aud: 'audience',
  exp: 'expires',
  nbf: 'not before',
  iat: 'issued',
  auth_time: 'signed in',
  jti: 'token id',
  azp: 'app',
  client_id: 'app',
  cnf: 'bound to a key',
};
const TIMES = new Set(['exp', 'nbf', 'iat', 'auth_time']);
const LISTS = new Set(['aud', 'scope', 'scp', 'roles', 'groups']);
/** More members are shown when they are asked for. */
const MOST = 60;
const MOST_CHIPS = 40;
const MOST_DEPTH = 12;

/** Shows a part of a token under its name. */
export function TokenPart(props: { readonly name: 'header' | 'payload'; readonly part: string }) {
  const { name, part } = props;
  const decoded = decodePart(part.replace(/\s/g, ''));
  return (
    <section class={`card token-part ${name}`}>
      <h2>{name === 'header' ? 'Header' : 'Payload'}</h2>
      {'problem' in decoded ? <p class="soft">{decoded.problem}</p> : <Members members={decoded.members} />}
    </section>
  );
}

function Members({ members }: { readonly members: readonly NamedValue[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? members : members.slice(0, MOST);
  const counts = new Map<string, number>();
  for (const { name } of members) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (
    <>
      {members.length === 0 && <p class="soft">It has no members.</p>}
      <dl class="definitions claims">
        {shown.map((member, at) => (
          <Definition key={at} member={member} isRepeated={counts.get(member.name) !== 1} />
        ))}
      </dl>
      {shown.length < members.length && (
        <button type="button" class="button small" onClick={() => setIsWhole(true)}>
          Show all {members.length}
        </button>
      )}
    </>
  );
}

function Definition({ member, isRepeated }: { readonly member: NamedValue; readonly isRepeated: boolean }) {
  const { name } = member;
  const meaning = Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined;
  return (
    <>
      <dt>
        <code>
          <Inline text={name} />
        </code>
        {meaning !== undefined && <span class="small"> {meaning}</span>}
      </dt>
      <dd>
        <Value member={member} />
        {isRepeated && <span class="state refused small">given more than once</span>}
      </dd>
    </>
  );
}

function Value({ member: { name, json } }: { readonly member: NamedValue }) {
  const value = parsed(json);
  if (TIMES.has(name) && typeof value === 'number' && isTime(value))
    return <Instant name={name} at={value} />;
  const list = LISTS.has(name) ? listOf(value, name !== 'aud') : undefined;
  if (list) return <Scopes scopes={list} most={MOST_CHIPS} />;
  if (typeof value === 'string')
    return value === '' ? <span class="soft">empty</span> : <Inline text={value} />;
  if (typeof value !== 'object' || value === null) return <code>{visibleText(json)}</code>;
  return (
    <pre class="claim-json" tabIndex={0} aria-label={name}>
      {indented(json, value).split('\n').map(visibleText).join('\n')}
    </pre>
  );
}

function Instant({ name, at }: { readonly name: string; readonly at: number }) {
  const isWrong = name === 'exp' ? at * 1000 <= Date.now() : name === 'nbf' && at * 1000 > Date.now();
  return (
    <>
      <span title={String(at)}>{exactText(at)}, </span>
      <span class={isWrong ? 'refused-text' : undefined}>{relativeText(at)}</span>
    </>
  );
}

/** Chips, where the claim is a list of texts; scopes may also be one text with spaces (RFC 6749 3.3). */
function listOf(value: unknown, isSpaced: boolean): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((each) => typeof each === 'string')) return undefined;
  return isSpaced ? list.flatMap((each) => each.split(' ')).filter((each) => each !== '') : list;
}

/** Indents JSON where that changes nothing else, such as the digits of a large number, and does not make it much longer. */
function indented(json: string, value: object): string {
  const isPlain = depthOf(json) <= MOST_DEPTH && JSON.stringify(value) === json;
  return isPlain ? JSON.stringify(value, null, 2) : json;
}

/** How deeply lists and objects are nested; brackets within texts count as well. */
function depthOf(json: string): number {
  let depth = 0;
  let most = 0;
  for (const char of json) {
    if (char === '{' || char === '[') most = Math.max(most, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return most;
}
