/** The colours of `tokens.css` for what is drawn on a canvas, which style sheets do not reach. */
import { useEffect, useState } from 'preact/hooks';

/** Returns the value of a colour by its name in `tokens.css`: `admitted`. */
export type Colors = (name: string) => string;

/** The colours of the theme in force. They are read again when the theme changes. */
export function useColors(): Colors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const changed = (): void => setColors(readColors);
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = new MutationObserver(changed);
    system.addEventListener('change', changed);
    chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', changed);
      chosen.disconnect();
    };
  }, []);
  return colors;
}

/** Mixes two colours of the form `#rrggbb` or `#rgb`; a share of 1 is the first one. */
export function mixed(one: string, other: string, share: number): string {
  const back = channels(other);
  const parts = channels(one).map((value, at) => Math.round(value * share + (back[at] ?? 0) * (1 - share)));
  return `rgb(${parts.join(' ')})`;
}

/** The bundler shortens `#ffffff` to `#fff`. */
function channels(color: string): number[] {
  const long = color.length === 4 ? color.replace(/[^#]/g, '$&$&') : color;
  return [1, 3, 5].map((at) => Number.parseInt(long.slice(at, at + 2), 16));
}

/** Returns a new function each time, as a sign of the change. Values are read at first use. */
function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<string, string>();
  return (name) => {
    const color = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
    known.set(name, color);
    return color;
  };
}
