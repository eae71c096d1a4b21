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

/** Mixes two of these colours; a share of 1 is the first one. */
export function mixed(one: string, other: string, share: number): string {
  const back = channels(other);
  const parts = channels(one).map((value, at) => Math.round(value * share + (back[at] ?? 0) * (1 - share)));
  return `rgb(${parts.join(' ')})`;
}

/** Of a computed colour: `rgb(20, 122, 61)`. */
function channels(color: string): number[] {
  return (color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

/** Returns a new function each time, as a sign of the change. Values are read at first use. */
function readColors(): Colors {
  const known = new Map<string, string>();
  return (name) => {
    const color = known.get(name) ?? computed(name);
    known.set(name, color);
    return color;
  };
}

/** A custom property is not computed, `light-dark()` stays in it; the colour of an element is. */
function computed(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
