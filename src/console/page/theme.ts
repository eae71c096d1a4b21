/** Light, dark, or as the system says; kept in the browser. */

/** The choices of the theme. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'tollgate-theme';

/** Returns the chosen theme. */
export function currentTheme(): Theme {
  const stored = readStored();
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Shows the page in a theme; without an argument, in the chosen one. */
export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Chooses a theme and keeps the choice. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be switched off. The choice then ends with the page.
  }
  applyTheme(theme);
}

function readStored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
