/** The part of `tollgate explain` that asks the running gateway. Called by `explain.ts`. */
import { loadConfig } from '../config/config.js';
import { EXIT_BAD } from '../model/exit.js';
import type { ExplainRequest, Explanation } from '../model/explanation.js';
import type { Settings } from '../model/settings.js';
import { print } from './args.js';
import { UsageError, type CommandInput } from './command.js';
import { explanationText } from './explain-text.js';
import { explainByGateway, findRefusal } from './running-gateway.js';

/**
 * Lets the running gateway explain a request. Where it cannot, says on standard error why the file alone decides.
 *
 * @returns undefined where the file alone decides
 * @throws UsageError where `--admin` is given and that gateway does not explain it
 */
export async function explainIfRunning(
  request: ExplainRequest,
  settings: Settings,
  { options, flags, terminal }: CommandInput,
): Promise<Explanation | undefined> {
  const { admin } = options;
  if (flags.has('offline')) {
    if (admin !== undefined) throw new UsageError('--admin and --offline exclude each other');
    return undefined;
  }
  const found = await explainByGateway(request, { admin, settings, env: terminal.env });
  if (typeof found !== 'string') return found;
  terminal.err(`tollgate: the file alone decides: ${found}`);
  return undefined;
}

/** The options that `--request` goes with. */
const WITH_REQUEST: ReadonlySet<string> = new Set(['request', 'admin', 'config', 'json']);

/**
 * Prints the decision about a request that the running gateway refused.
 *
 * @returns the exit code of a refusal
 * @throws UsageError where the arguments have more than `--request` and `--admin`, or the gateway does not keep that refusal
 */
export async function explainRefusal(input: CommandInput): Promise<number> {
  const { options, flags, lists, args, terminal } = input;
  const { request: id = '', admin } = options;
  const given = [...Object.keys(options), ...Object.keys(lists), ...flags];
  const other = given.find((name) => !WITH_REQUEST.has(name));
  if (args.length > 0) throw new UsageError('--request stands in place of METHOD and PATH_OR_URL');
  if (other !== undefined) throw new UsageError(`--request and --${other} exclude each other`);
  const settings = await settingsFor(input, admin);
  const { refusal, ...explanation } = await findRefusal(id, { admin, settings, env: terminal.env });
  const { method, path } = refusal;
  const text = explanationText({ method: method ?? 'a request', target: path ?? '' }, explanation);
  print(input, { ...explanation, refusal }, text);
  return EXIT_BAD;
}

/** With `--admin` no file is needed. If there is one, its certificate is trusted. */
async function settingsFor(
  { file, isDefaultFile, terminal }: CommandInput,
  admin: string | undefined,
): Promise<Settings | undefined> {
  const loading = loadConfig(file, terminal.env).then(({ settings }) => settings);
  return admin !== undefined && isDefaultFile ? loading.catch(() => undefined) : loading;
}
