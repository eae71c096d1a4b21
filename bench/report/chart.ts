/** The figures of one scenario as an SVG bar chart: CPU per request, of the stack and of Redis. */
import type { Figures, ScenarioFigures, StackFigures } from './figures.js';

const WIDTH = 760;
const LABELS = 190;
const VALUES = 150;
const TOP = 64;
const ROW = 34;
const BAR = 20;
const COLOURS = { paper: '#ffffff', text: '#24292f', faint: '#57606a', stack: '#2f6f9f', redis: '#c9663d' };

export function chart(scenario: ScenarioFigures, { date, node, rounds }: Figures): string {
  const height = TOP + scenario.stacks.length * ROW + 36;
  const longest = Math.max(...scenario.stacks.map(({ stackUs, redisUs }) => stackUs.median + redisUs));
  const scale = (WIDTH - LABELS - VALUES) / longest;
  const about = `Node ${node}, ${date}, medians of ${rounds} rounds; right of each bar: microseconds, and the ratio to bare http-proxy`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    '<title>CPU microseconds a request</title>',
    box(0, 0, WIDTH, height, COLOURS.paper),
    text(16, 26, 'CPU microseconds a request', { size: 16, weight: 600 }),
    ...legend(),
    ...scenario.stacks.flatMap((figures, i) => bar(figures, TOP + i * ROW, scale)),
    text(16, height - 14, about, { size: 11, fill: COLOURS.faint }),
    '</svg>',
    '',
  ].join('\n');
}

function legend(): readonly string[] {
  return [
    box(LABELS, 40, 10, 10, COLOURS.stack),
    text(LABELS + 16, 49, 'the stack', { size: 12 }),
    box(LABELS + 96, 40, 10, 10, COLOURS.redis),
    text(LABELS + 112, 49, 'Redis', { size: 12 }),
  ];
}

function bar({ title, stackUs, redisUs, ratio }: StackFigures, y: number, scale: number): readonly string[] {
  const own = stackUs.median * scale;
  const redis = redisUs * scale;
  const middle = y + BAR / 2 + 5;
  const value =
    redisUs === 0 ? stackUs.median.toFixed(0) : `${stackUs.median.toFixed(0)} + ${redisUs.toFixed(0)}`;
  return [
    text(LABELS - 10, middle, title, { anchor: 'end' }),
    box(LABELS, y, own, BAR, COLOURS.stack),
    ...(redis > 0 ? [box(LABELS + own, y, redis, BAR, COLOURS.redis)] : []),
    text(LABELS + own + redis + 8, middle, `${value}  (${ratio.median.toFixed(2)} x)`, {}),
  ];
}

function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}" fill="${fill}"/>`;
}

interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'end';
  readonly fill?: string;
}

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size = 13, weight = 400, anchor = 'start', fill = COLOURS.text } = style;
  const place = `x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}"`;
  return `<text ${place} font-size="${size}" font-weight="${weight}" fill="${fill}">${escape(content)}</text>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
