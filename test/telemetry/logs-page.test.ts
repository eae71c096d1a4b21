/** docs/logs.md: it has every field, every reason and every message of the log, and none that does not exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { FAULTS, OAUTH_ERROR_CODES } from '../../src/model/reasons.js';
import { BROKEN_BODY } from '../../src/model/record.js';
import { isRefusalReason, Refusal, type RefusalReason } from '../../src/model/refusal.js';
import { errorFields } from '../../src/telemetry/error-fields.js';

const PAGE = readFileSync('docs/logs.md', 'utf8');

/** A call of the log in the source. */
interface Call {
  readonly level: string;
  readonly message: string;
  /** The names of the fields that the call itself writes. */
  readonly fields: readonly string[];
  readonly place: string;
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.startsWith(join('console', 'page')))
  .map((file) => parse(join('src', file)));
const calls = sources.flatMap(callsIn);

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

function nodesOf(root: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** Calls of `debug`, `info`, `warn`, `error` or `[level]` of what is named `log`. */
function callsIn(file: ts.SourceFile): Call[] {
  return nodesOf(file)
    .filter(ts.isCallExpression)
    .flatMap((call): Call[] => {
      const { expression } = call;
      let level: string | undefined;
      if (ts.isPropertyAccessExpression(expression)) level = expression.name.text;
      if (ts.isElementAccessExpression(expression)) level = 'as the lines';
      const receiver = ts.isPropertyAccessExpression(expression) || ts.isElementAccessExpression(expression);
      if (!receiver || !/(^|[.#])log$/i.test(expression.expression.getText())) return [];
      if (!/^(debug|info|warn|error|as the lines)$/.test(level ?? '')) return [];
      const [fields, message] = call.arguments;
      const { line } = file.getLineAndCharacterOfPosition(call.getStart());
      const place = `${file.fileName}:${line + 1}`;
      return textsOf(message, place).map((text) => ({
        level: level!,
        message: text,
        fields: fields ? namesIn(fields) : [],
        place,
      }));
    });
}

/** The texts that a message can be. A message that is not written out could not be documented. */
function textsOf(node: ts.Expression | undefined, place: string): string[] {
  if (node === undefined) throw new Error(`${place}: a line of the log has no message`);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node))
    return [...textsOf(node.whenTrue, place), ...textsOf(node.whenFalse, place)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return textsOf(node.left, place).flatMap((left) =>
      textsOf(node.right, place).map((right) => left + right),
    );
  // What passes lines on.
  if (/^(src\/telemetry\/limit-lines|src\/index)\.ts:/.test(place)) return [];
  throw new Error(`${place}: the message of a line of the log must be a text`);
}

function namesIn(fields: ts.Node): string[] {
  return nodesOf(fields)
    .filter((node) => ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node))
    .map(({ name }) => name.getText());
}

/** The members of a union of texts, or the names of an interface's fields or of an object's keys. */
function namesOf(file: string, name: string): string[] {
  const source = sources.find(({ fileName }) => fileName === file)!;
  const declaration = nodesOf(source).find(
    (node) =>
      (ts.isTypeAliasDeclaration(node) ||
        ts.isInterfaceDeclaration(node) ||
        ts.isVariableDeclaration(node)) &&
      node.name.getText() === name,
  );
  if (!declaration) throw new Error(`${file} declares no ${name}`);
  if (ts.isTypeAliasDeclaration(declaration))
    return nodesOf(declaration)
      .filter(ts.isStringLiteral)
      .map(({ text }) => text);
  return nodesOf(declaration)
    .filter((node) => ts.isPropertySignature(node) || ts.isPropertyAssignment(node))
    .map((node) => node.name.getText());
}

/** The rows of the tables under a heading, as the texts of their cells. */
function rowsUnder(heading: string): string[][] {
  const from = PAGE.indexOf(`\n${heading}\n`);
  expect(from, heading).toBeGreaterThan(0);
  const level = heading.indexOf(' ');
  const rest = PAGE.slice(from + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return (end === -1 ? rest : rest.slice(0, end))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

/** The texts in backticks of a cell. */
const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

const firstCodes = (rows: string[][]): string[] => rows.flatMap(([first]) => codesIn(first!));

/** Refusals, faults after the response had begun, and the codes of the token service. */
const REASONS = new Set([
  ...namesOf('src/model/refusal.ts', 'KINDS'),
  ...FAULTS,
  BROKEN_BODY,
  ...OAUTH_ERROR_CODES,
]);

describe('the messages', () => {
  const rows = rowsUnder('## Messages');
  const others = calls.filter(({ message }) => message !== 'request' && message !== 'audit');

  it('are all on the page, each once and with its level, and the page has no other', () => {
    expect(calls.length).toBeGreaterThan(80);
    const written = [...new Set(others.map(({ message, level }) => `${message} | ${level}`))];
    const documented = rows.map(([message, level]) => `${codesIn(message!)[0]!} | ${level!}`);
    expect(documented.toSorted()).toEqual(written.toSorted());
  });

  it('have there every field that their call writes', () => {
    const documented = new Map(rows.map(([message, , fields]) => [codesIn(message!)[0], codesIn(fields!)]));
    const missing = others.flatMap(({ message, fields, place }) =>
      fields.filter((field) => !documented.get(message)?.includes(field)).map((field) => `${place} ${field}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('the access log', () => {
  const rows = rowsUnder('## The access log').filter((row) => row.length === 4 && row[1] !== '');
  const documented = firstCodes(rows.filter(([first]) => !REASONS.has(codesIn(first!)[0]!)));

  it('has the fields of the page', () => {
    const source = readFileSync('src/telemetry/access-log.ts', 'utf8');
    const written = [...source.matchAll(/[{,]"(\w+)":/g)].map(([, name]) => name!);
    const common = ['level', 'time', 'worker', 'msg'];
    expect(written).toEqual(expect.arrayContaining(common));
    expect(new Set(documented)).toEqual(new Set(written.filter((name) => !common.includes(name))));
  });

  it('has no other fields as a library', () => {
    const written = namesOf('src/telemetry/request-lines.ts', 'fields');
    expect(written.length).toBeGreaterThan(10);
    expect(written.filter((name) => !documented.includes(name))).toEqual([]);
  });

  it('has the reasons of the page, with their status', () => {
    const rows = rowsUnder('### Reasons');
    const statuses = new Map(rows.map(([reason, status]) => [codesIn(reason!)[0]!, status]));
    expect([...statuses.keys()].toSorted()).toEqual([...REASONS].toSorted());
    const refusals = [...REASONS].filter((reason): reason is RefusalReason => isRefusalReason(reason));
    expect(refusals.length).toBeGreaterThan(20);
    for (const reason of refusals)
      expect([reason, statuses.get(reason)]).toEqual([reason, `${new Refusal(reason).status}`]);
  });
});

it('the audit log has the fields and the actions of the page', () => {
  const rows = rowsUnder('## The audit log');
  expect(firstCodes(rows).toSorted()).toEqual(namesOf('src/model/audit.ts', 'AuditEntry').toSorted());
  const [, actions] = rows.find(([first]) => first === '`action`')!;
  expect(codesIn(actions!).toSorted()).toEqual(namesOf('src/model/audit.ts', 'AuditAction').toSorted());
});

it('an error has the fields of the page, whatever else a library keeps in it', () => {
  const error = Object.assign(new Error('x'.repeat(5000)), {
    code: 'WRONGPASS',
    command: { args: ['secret'] },
  });
  const fields = errorFields(error) as Record<string, string>;
  expect(Object.keys(fields)).toEqual(['type', 'message', 'code', 'stack']);
  expect([fields['message']!.length, fields['stack']!.length <= 4000]).toEqual([1000, true]);
  expect(errorFields({ secret: 'canary' })).toEqual({ type: 'object', message: '[object Object]' });
});
