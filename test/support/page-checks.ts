/** What must hold on every page for those who use it with fingers, with a keyboard, or with a screen reader. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** WCAG 2.2, success criterion 2.5.8. */
const LEAST_PX = 24;
/** WCAG 2.2, success criterion 2.5.5: for what a page is used for. */
const LEAST_OF_MAIN_PX = 44;

/**
 * Fails with the controls that are too small for a finger. A link within a sentence may be as high as its line, and the
 * target of a box is its label.
 */
export async function expectTouchTargets(page: Page): Promise<void> {
  const small = await page.evaluate<string[]>(`(() => {
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden, .skip-link');
    const isMain = (element) => element.matches('.button.primary, .button.danger, .form-actions .button, .rail-links a');
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=option]')]
      .filter((element) => isShown(element) && !(element.matches('a') && element.closest('p') && !element.matches('.button')))
      .map((element) => ({ element, box: (element.closest('label') ?? element).getBoundingClientRect() }))
      .filter(({ element, box }) => Math.min(box.width, box.height) + 0.5 < (isMain(element) ? ${LEAST_OF_MAIN_PX} : ${LEAST_PX}))
      .map(({ element, box }) => location.hash + ' ' + Math.round(box.width) + 'x' + Math.round(box.height) + ' ' + element.outerHTML.slice(0, 160));
  })()`);
  expect.soft(small).toEqual([]);
}

interface AxNode {
  readonly nodeId: string;
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value?: string };
  readonly childIds?: readonly string[];
}

/** Roles of which a screen reader says the name first. */
const NAMED = new Set([
  ...[
    'button',
    'link',
    'textbox',
    'searchbox',
    'combobox',
    'checkbox',
    'tab',
    'option',
    'tabpanel',
    'meter',
    'image',
  ],
  ...['dialog', 'navigation', 'region', 'columnheader', 'DisclosureTriangle', 'tablist', 'table'],
]);
const CELLS = new Set(['cell', 'gridcell', 'rowheader']);

/**
 * Fails where the accessibility tree, which a screen reader is given, has a control, picture or region without a name, or a
 * table without headings for its columns.
 */
export async function expectNamedTree(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send('Accessibility.getFullAXTree')) as { nodes: readonly AxNode[] };
  await session.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const below = (node: AxNode): readonly AxNode[] =>
    (node.childIds ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child ? [child, ...below(child)] : [];
    });
  const shown = nodes.filter(({ ignored }) => !ignored);
  const roleOf = ({ role }: AxNode): string => role?.value ?? '';
  const place = new URL(page.url()).hash;
  const nameless = shown
    .filter((node) => NAMED.has(roleOf(node)) && (node.name?.value ?? '').trim() === '')
    .map((node) => `${place} ${roleOf(node)} of ${below(node).length} has no name`);
  const tables = shown.filter((node) => roleOf(node) === 'table');
  const headless = tables
    .filter((table) => {
      const inside = below(table).map(roleOf);
      const cells = inside.filter((role) => CELLS.has(role)).length;
      return cells > 0 && !inside.includes('columnheader');
    })
    .map((table) => `${place} table ${table.name?.value ?? ''} has no headings`);
  const drawn = await page.locator('table tbody tr').count();
  const rows = shown.filter((node) => roleOf(node) === 'row').length;
  expect.soft([...nameless, ...headless]).toEqual([]);
  expect(shown.some((node) => roleOf(node) === 'main')).toBe(true);
  expect(rows).toBeGreaterThanOrEqual(drawn);
}

const MOST_STOPS = 600;

/** Fails unless the Tab key reaches every control, in a circle, and each shows that it has the focus. */
export async function expectKeyboard(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    window.stops = new Set();
    window.noteStop = () => {
      const element = document.activeElement;
      if (!element || element === document.body) return 'none';
      if (stops.has(element)) return 'again';
      stops.add(element);
      const isOutlined = (one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
      };
      const { width, height } = element.getBoundingClientRect();
      const isSeen = [element, element.parentElement, element.parentElement.parentElement].some(isOutlined) && width > 0 && height > 0;
      return isSeen ? 'seen' : location.hash + ' no sign of the focus: ' + element.outerHTML.slice(0, 160);
    };
  })()`);
  const unseen: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate<string>('noteStop()');
    if (found === 'again') break;
    if (found !== 'seen' && found !== 'none') unseen.push(found);
  }
  const missed = await page.evaluate<string[]>(`
    [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
      .filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }))
      .filter((element) => !stops.has(element))
      .map((element) => location.hash + ' never has the focus: ' + element.outerHTML.slice(0, 160))`);
  expect.soft([...unseen, ...missed]).toEqual([]);
}
