/** `tollgate import`: writes a configuration made of an OpenAPI document. */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '../config/config.js';
import { DocumentError, importDocument, MAX_BYTES, type Imported, type Note } from '../import/import.js';
import { CommandFailed, EXIT_OK } from '../model/exit.js';
import { UsageError, type Run, type Terminal } from './command.js';

/** A YAML document of this size takes about a second, JSON a hundredth of that. */
const SLOW_YAML_BYTES = 1024 * 1024;

/**
 * Prints the configuration, or writes it to a file that does not exist yet. Prints on standard error what was left out, and
 * what is stricter than the document.
 *
 * @throws UsageError on wrong usage or an unreadable document; CommandFailed if it cannot be imported or the output exists
 */
export const importOpenApi: Run = async ({ args, options, json, terminal }) => {
  const [file] = args;
  if (file === undefined)
    throw new UsageError('usage: tollgate import FILE [--from openapi] [--output FILE]');
  const { from = 'openapi', output } = options;
  if (from !== 'openapi') throw new UsageError(`--from must be openapi, not "${from}"`);
  if (output !== undefined && existsSync(output)) throw new CommandFailed(existsText(output));
  const name = file === '-' ? 'standard input' : file;
  const imported = read(await readBytes(file, name), name, terminal);
  report(name, imported, terminal);
  if (imported.config.routes.length === 0)
    throw new CommandFailed(`${name}: no route can be made of the document`);
  const text = json ? JSON.stringify(asJson(imported), null, 2) : imported.yaml.trimEnd();
  if (output === undefined) terminal.out(text);
  else {
    await writeNew(output, `${text}\n`);
    terminal.out(`${output} is written. Edit what is marked EDIT, then:\n\n  tollgate check -c ${output}`);
  }
  return EXIT_OK;
};

/** Reads a file or standard input, and no more than the largest document. */
async function readBytes(file: string, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > MAX_BYTES) break;
    }
  } catch (error) {
    throw new UsageError(`cannot read ${name}: ${reasonOf(error)}`);
  }
  return Buffer.concat(chunks);
}

/** @throws CommandFailed with the name of the document */
function read(bytes: Buffer, name: string, terminal: Terminal): Imported {
  const isSlow = bytes.length > SLOW_YAML_BYTES && !/^\s*\{/.test(bytes.toString('latin1', 0, 64));
  if (isSlow && process.stderr.isTTY)
    terminal.err(`reading ${name} (${Math.round(bytes.length / SLOW_YAML_BYTES)} MiB of YAML) …`);
  try {
    return importDocument(bytes, name);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw new CommandFailed(`${name}: ${error.message}`);
  }
}

async function writeNew(output: string, text: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true });
  try {
    await writeFile(output, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CommandFailed(existsText(output));
  }
}

function existsText(output: string): string {
  return `${output} already exists and is not overwritten`;
}

function report(name: string, { leftOut, stricter, remarks }: Imported, terminal: Terminal): void {
  for (const [, notes] of grouped(leftOut, ({ path, text }) => `${path}\n${text}`)) {
    const [{ path, text } = notes[0]!] = notes;
    terminal.err(`${name}: left out: ${methodsOf(notes)} ${path}: ${text}`);
  }
  for (const [text, notes] of grouped(stricter, (note) => note.text)) {
    terminal.err(`${name}: stricter: ${namesOf(notes)}: ${text}`);
  }
  for (const remark of remarks) terminal.err(`${name}: ${remark}`);
}

function grouped(notes: readonly Note[], keyOf: (note: Note) => string): Map<string, Note[]> {
  const groups = new Map<string, Note[]>();
  for (const note of notes) {
    const key = keyOf(note);
    const group = groups.get(key);
    if (group) group.push(note);
    else groups.set(key, [note]);
  }
  return groups;
}

function methodsOf(notes: readonly Note[]): string {
  return notes.map(({ method }) => method).join(',');
}

/** Names two of several operations; `--json` has them all. */
function namesOf(notes: readonly Note[]): string {
  const names = notes.slice(0, 2).map(({ method, path }) => `${method} ${path}`);
  const more = notes.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function asJson({ config, leftOut, stricter, remarks }: Imported): object {
  return { config, left_out: leftOut, stricter, remarks };
}
