/** What the command palette offers for a text. */
import type { AppSummary } from '../api/apps';
import type { Session } from '../api/session';
import { looksLikeToken, tokenIn } from './debugger/decode';
import { goTo } from './router';
import { openInDebugger } from './token-handover';
import { visibleText } from './visible';

export interface Command {
  readonly key: string;
  readonly text: string;
  /** What it is, in a word or two. */
  readonly kind: string;
  readonly run: () => void;
}

const MOST = 8;
const JWT = /^(?:bearer\s+)?([\w-]{4,}\.[\w-]+\.[\w-]*)$/i;
/** What a gateway makes (a UUID), and what clients send: X-Request-Id. */
const REQUEST_ID = /^[\w.:-]{8,200}$/;

const PAGES = [
  ['Overview', 'overview'],
  ['Apps', 'apps'],
  ['New application', 'apps', 'new'],
  ['Debugger', 'debugger'],
  ['Traffic', 'traffic'],
  ['Routes', 'routes'],
] as const;
const PAGES_OF_ADMINISTRATORS = [
  ['Users', 'users'],
  ['New user', 'users', 'new'],
  ['Audit', 'audit'],
] as const;

/** Returns the commands for a text, the likeliest first. */
export function commandsFor(
  text: string,
  apps: readonly AppSummary[],
  { kind }: Session,
): readonly Command[] {
  const token = looksLikeToken(text) ? tokenIn(text) : JWT.exec(text)?.[1];
  if (token !== undefined) return [debugCommand(token)];
  const search = text.toLowerCase();
  const pages = kind === 'administrator' ? [...PAGES, ...PAGES_OF_ADMINISTRATORS] : PAGES;
  const found = [
    ...pages.filter(([name]) => name.toLowerCase().includes(search)).map(pageCommand),
    ...apps.filter((app) => matches(app, search)).map(appCommand),
  ].slice(0, MOST);
  const isId = REQUEST_ID.test(text) && /\d/.test(text) && !apps.some(({ key }) => key === text);
  return isId ? [...found, requestCommand(text)] : found;
}

function pageCommand([text, ...segments]: readonly [string, ...string[]]): Command {
  return { key: `page ${text}`, text, kind: 'page', run: () => goTo(...segments) };
}

function appCommand({ key, name, organization }: AppSummary): Command {
  const kind = organization === '' ? 'app' : `app of ${visibleText(organization).slice(0, 40)}`;
  return { key: `app ${key}`, text: name, kind, run: () => goTo('apps', key) };
}

/** The token goes by memory: the address must not have it. */
function debugCommand(token: string): Command {
  return { key: 'token', text: 'Debug this token', kind: 'token', run: () => openInDebugger(token) };
}

function requestCommand(id: string): Command {
  return {
    key: 'request',
    text: `Look up request ${id}`,
    kind: 'request',
    run: () => goTo('explain', id),
  };
}

function matches({ name, key, organization }: AppSummary, search: string): boolean {
  return [name, key, organization].some((text) => text.toLowerCase().includes(search));
}
