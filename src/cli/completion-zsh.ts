/** The completion script for zsh. */
import { patternOf } from './completion-bash.js';
import { quoted, type CompletionPlace, type CompletionPlaces } from './completion-places.js';

/** Returns the script. It is loaded with `source <(tollgate completion zsh)`, or as a file `_tollgate` in `fpath`. */
export function zshScript({ places, fileOptions, valueOptions }: CompletionPlaces): string {
  const files = fileOptions.join('|');
  const longFiles = fileOptions.filter((option) => option.startsWith('--')).join('|');
  return String.raw`#compdef tollgate
# Completion for zsh. Add to ~/.zshrc, after compinit:  source <(tollgate completion zsh)

_tollgate() {
  local command= action= pending= files= word at
  local -a names options

  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    if [[ -n $pending ]]; then
      pending=
      continue
    fi
    case $word in
      ${[...fileOptions, ...valueOptions].join('|')}) pending=$word ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; elif [[ -z $action ]]; then action=$word; fi ;;
    esac
  done

  case $pending in
    '') ;;
    ${files}) _files; return ;;
    *) return 1 ;;
  esac
  if compset -P '(${longFiles})='; then
    _files
    return
  fi

  case "$command $action" in
${places.map(branch).join('\n')}
  esac

  if [[ $PREFIX == -* || ( -z $files && $#names == 0 ) ]]; then
    _describe -o option options
  elif [[ -n $files ]]; then
    _files
  else
    _describe word names
  fi
}

if [[ $funcstack[1] == _tollgate ]]; then
  _tollgate "$@"
else
  compdef _tollgate tollgate
fi`;
}

function branch({ path, words, files, options }: CompletionPlace): string {
  const lines = [
    ...(words.length > 0 ? [`names=(${words.map(described).join(' ')})`] : []),
    ...(files ? ['files=1'] : []),
    `options=(${options.map(({ name, summary }) => described({ name: `--${name}`, summary })).join(' ')})`,
  ];
  return `    ${patternOf({ path, words })})\n${lines.map((line) => `      ${line}\n`).join('')}      ;;`;
}

function described({ name, summary }: { readonly name: string; readonly summary: string }): string {
  return quoted(summary === '' ? name : `${name}:${summary}`);
}
