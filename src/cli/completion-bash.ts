/** The completion script for bash, 3.2 included. */
import type { CompletionPlace, CompletionPlaces } from './completion-places.js';

/** Returns the script. It is loaded with `source <(tollgate completion bash)`. */
export function bashScript({ places, fileOptions, valueOptions }: CompletionPlaces): string {
  const files = fileOptions.join('|');
  return String.raw`# Completion for bash. Add to ~/.bashrc:  source <(tollgate completion bash)

_tollgate_add() {
  local found
  while IFS= read -r found; do COMPREPLY+=("$found"); done
}

_tollgate() {
  local current=${'${COMP_WORDS[COMP_CWORD]}'} previous=${'${COMP_WORDS[COMP_CWORD - 1]}'}
  local command= action= pending= words= options= files= word at
  COMPREPLY=()

  # Bash splits --option=value into three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${'${COMP_WORDS[COMP_CWORD - 2]}'}
  fi

  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${'${COMP_WORDS[at]}'}
    if [[ -n $pending ]]; then
      [[ $word == = ]] || pending=
      continue
    fi
    case $word in
      ${[...fileOptions, ...valueOptions].join('|')}) pending=1 ;;
      -* | =) ;;
      *) if [[ -z $command ]]; then command=$word; elif [[ -z $action ]]; then action=$word; fi ;;
    esac
  done

  case $previous in
    ${files})
      compopt -o filenames 2>/dev/null
      _tollgate_add < <(compgen -f -- "$current")
      return
      ;;
${valueOptions.length === 0 ? '' : `    ${valueOptions.join('|')}) return ;;\n`}  esac

  case "$command $action" in
${places.map(branch).join('\n')}
  esac

  if [[ $current == -* || -z $words$files ]]; then
    _tollgate_add < <(compgen -W "$options" -- "$current")
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    _tollgate_add < <(compgen -f -- "$current")
  else
    _tollgate_add < <(compgen -W "$words" -- "$current")
  fi
}

complete -F _tollgate tollgate`;
}

/** Without an action of its own, a command has the same place after each argument. */
function branch({ path, words, files, options }: CompletionPlace): string {
  const set = [
    ...(words.length > 0 ? [`words='${words.map(({ name }) => name).join(' ')}'`] : []),
    ...(files ? ['files=1'] : []),
    `options='${options.map(({ name }) => `--${name}`).join(' ')}'`,
  ];
  return `    ${patternOf({ path, words })}) ${set.join(' ')} ;;`;
}

/**
 * Returns the pattern for `"$command $action"`. Words are offered only for the first argument; otherwise a place stands
 * for any argument.
 */
export function patternOf({ path, words }: Pick<CompletionPlace, 'path' | 'words'>): string {
  if (path.includes(' ')) return `'${path}'`;
  return words.length > 0 || path === '' ? `'${path} '` : `'${path} '*`;
}
