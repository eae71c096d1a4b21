/** The completion script for fish. */
import { GENERAL_OPTIONS, type CommandOption } from './command.js';
import { quoted, type CompletionPlace, type CompletionPlaces } from './completion-places.js';

/** Returns the script. It is loaded with `tollgate completion fish | source`. */
export function fishScript({ places, fileOptions, valueOptions }: CompletionPlaces): string {
  return String.raw`# Completion for fish. Add to ~/.config/fish/config.fish:  tollgate completion fish | source

# Prints the command and its first argument, without options and their values.
function __tollgate_words
  set -l pending
  for word in (commandline -opc)[2..]
    if test -n "$pending"
      set pending
      continue
    end
    switch $word
      case ${[...fileOptions, ...valueOptions].join(' ')}
        set pending 1
      case '-*'
      case '*'
        echo $word
    end
  end
end

# Whether the line is at this command, and at this action if one is named.
function __tollgate_at
  set -l words (__tollgate_words)
  test "$words[1]" = "$argv[1]"; or return 1
  test (count $argv) -eq 1; or test "$words[2]" = "$argv[2]"
end

# Whether nothing follows these words.
function __tollgate_after
  test (count (__tollgate_words)) -eq (count $argv); or return 1
  test (count $argv) -eq 0; or test "$(__tollgate_words)" = "$argv"
end

complete -c tollgate -f
${GENERAL_OPTIONS.map((option) => `complete -c tollgate -s ${option.short}${optionArguments(option)}`).join('\n')}
${places.flatMap(linesOf).join('\n')}`;
}

function linesOf({ path, words, files, options }: CompletionPlace): readonly string[] {
  const at =
    path.includes(' ') || words.length === 0 ? `__tollgate_at ${path}` : `__tollgate_after ${path}`.trim();
  const general: readonly CommandOption[] = GENERAL_OPTIONS;
  return [
    ...words.map(
      ({ name, summary }) => `complete -c tollgate -n ${quoted(at)} -a ${name}${description(summary)}`,
    ),
    ...(files ? [`complete -c tollgate -n ${quoted(at)} -F`] : []),
    ...options
      .filter((option) => !general.includes(option))
      .map((option) => `complete -c tollgate -n ${quoted(at)}${optionArguments(option)}`),
  ];
}

function optionArguments({ name, value, summary }: CommandOption): string {
  const kind = value === undefined ? '' : value === 'FILE' ? ' -r -F' : ' -x';
  return ` -l ${name}${kind}${description(summary)}`;
}

function description(summary: string): string {
  return summary === '' ? '' : ` -d ${quoted(summary)}`;
}
