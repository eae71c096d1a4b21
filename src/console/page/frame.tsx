/** The frame around every page: the rail with its entries, the state of the gateway, and who is signed in. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon, type IconName } from './parts/icon';
import { Inline } from './parts/name';
import { Palette } from './palette';
import { linkTo, type Place } from './router';
import { useSession } from './session';
import { chooseTheme, currentTheme, type Theme } from './theme';
import { exactText } from './words';

interface Entry {
  readonly text: string;
  readonly segment: string;
  readonly icon: IconName;
  readonly isForAdministrators?: true;
}

const ENTRIES: readonly Entry[] = [
  { text: 'Overview', segment: 'overview', icon: 'overview' },
  { text: 'Apps', segment: 'apps', icon: 'apps' },
  { text: 'Debugger', segment: 'debugger', icon: 'debugger' },
  { text: 'Traffic', segment: 'traffic', icon: 'traffic' },
  { text: 'Routes', segment: 'routes', icon: 'routes' },
  { text: 'Users', segment: 'users', icon: 'users', isForAdministrators: true },
  { text: 'Audit', segment: 'audit', icon: 'audit', isForAdministrators: true },
];

export interface FrameProps {
  readonly place: Place;
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}

/** Draws the frame. */
export function Frame({ place, onSignOut, children }: FrameProps) {
  const session = useSession();
  const { gateway } = session;
  const [segment = 'overview'] = place.segments;
  const current = segment === 'explain' ? 'debugger' : segment;
  const entries = ENTRIES.filter(
    ({ isForAdministrators }) => !isForAdministrators || session.kind === 'administrator',
  );
  return (
    <div class="frame">
      <a class="skip-link" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <nav class="rail" aria-label="Console">
        <p class="rail-name">
          <img src="./icon.svg" alt="" width="24" height="24" />
          {gateway.name}
        </p>
        <ul class="rail-links">
          {entries.map(({ text, segment, icon }) => (
            <li key={segment}>
              <a href={linkTo(segment)} aria-current={segment === current ? 'page' : undefined}>
                <Icon name={icon} />
                {text}
              </a>
            </li>
          ))}
        </ul>
        <SignedIn onSignOut={onSignOut} />
      </nav>
      <main class="content" id="content" tabIndex={-1}>
        <div class="topline small">
          <strong>{gateway.name}</strong>
          <span class="soft">{gateway.version}</span>
          <State />
          <Palette />
          <details class="account">
            <summary>Account</summary>
            <SignedIn onSignOut={onSignOut} />
          </details>
        </div>
        {children}
      </main>
    </div>
  );
}

function SignedIn({ onSignOut }: { readonly onSignOut: () => void }) {
  const { name, organization } = useSession();
  const [theme, setTheme] = useState<Theme>(currentTheme());
  const choose = (value: string): void => {
    const chosen = value === 'light' || value === 'dark' ? value : 'system';
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <div class="rail-foot small">
      <p>
        <strong>
          <Inline text={name} />
        </strong>
        {organization !== null && (
          <span class="soft">
            {' · '}
            <Inline text={organization} />
          </span>
        )}
      </p>
      <label>
        <span class="visually-hidden">Theme</span>
        <select value={theme} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          <option value="system">System theme</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <button type="button" class="button small" onClick={onSignOut}>
        Sign out
      </button>
    </div>
  );
}

const STATES = {
  ready: ['admitted', 'Ready'],
  draining: ['limited', 'Draining'],
  not_ready: ['refused', 'Not ready'],
} as const;

function State() {
  const { gateway } = useSession();
  const [problem] = gateway.problems;
  if (problem)
    return (
      <span class="state limited" role="status" title={`since ${exactText(problem.since)}`}>
        {problem.text} since {exactText(problem.since).slice(11, 16)}
      </span>
    );
  const [kind, text] = STATES[gateway.state];
  return (
    <span class={`state ${kind}`} role="status">
      {text}
    </span>
  );
}

/** The address after the `#` belongs to the router, so the focus is moved here. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
