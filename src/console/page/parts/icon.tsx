/** Icons of the rail, drawn as lines. They have no meaning of their own: a text stands beside each. */

const PATHS = {
  overview: 'M2 9h4V2H2zM9 14h5V7H9zM2 14h4v-2H2zM9 4h5V2H9z',
  apps: 'M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z',
  debugger: 'M5 3 1.500 8 5 13M11 3l3.500 5L11 13M9.500 2l-3 12',
  traffic: 'M1.500 13.500h13M3 11l3-4 3 2 4-6',
  routes: 'M3 3h4v4H3zM9 9h4v4H9zM5 7v4h4',
  users: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 14c0-3 2.500-4.500 6-4.500s6 1.500 6 4.500',
  audit: 'M3 1.500h7l3 3v10H3zM5.500 7h5M5.500 10h5',
} as const;

export type IconName = keyof typeof PATHS;

/** Draws an icon. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
