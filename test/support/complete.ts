/** What a real shell offers at the end of a command line, with the completion script of `tollgate` loaded. */
import { execFile, spawnSync } from 'node:child_process';

export const hasShell = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** Splits as bash does before it completes: `=` is a word of its own. */
const bashWords = (line: string): readonly string[] =>
  line.split(' ').flatMap((word) => (word === '' ? [''] : word.split(/(?==)|(?<==)/)));

const BASH = `
source "$1"; shift
complete -p tollgate >&2
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_tollgate
for each in "\${COMPREPLY[@]}"; do printf '%s\\n' "$each"; done`;

const FISH = 'source $argv[1]; complete -C $argv[2] | string split -f 1 \\t; true';

/** An interactive zsh prints each match that its completion adds, between marks. */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2=; autoload -Uz compinit; compinit -D -u; source \${(q)1}
compadd() {
  if (( \\\${@[(I)-[OAD]]} )); then builtin compadd \\"\\$@\\"; return; fi
  local -a matches; builtin compadd -A matches \\"\\$@\\"
  local each; for each in \\"\\$matches[@]\\"; do print -r -- \\"<match \\$each>\\"; done
  builtin compadd \\"\\$@\\"
}
finish() { print -r -- '<end''>'; exit }; zle -N finish; bindkey '^X' finish; print '<read''y>'"
zpty -r shell ready '*<ready>*'
zpty -n -w shell "$2"$'\\t'$'\\C-x'
while zpty -r shell line '*'$'\\n'; do
  print -r -- "$line"
  [[ $line == *'<end>'* ]] && break
done
zpty -d shell`;

/** Returns the candidates for the last word of the line, sorted. */
export function complete(
  shell: 'bash' | 'zsh' | 'fish',
  script: string,
  line: string,
  cwd: string,
): Promise<readonly string[]> {
  const args = {
    bash: ['--norc', '--noprofile', '-c', BASH, 'bash', script, ...bashWords(line)],
    fish: ['--no-config', '-c', FISH, script, line],
    zsh: ['-f', '-c', ZSH, 'zsh', script, line],
  }[shell];
  return new Promise((resolve, reject) => {
    execFile(shell, args, { cwd, timeout: 10_000 }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${shell}: ${error.message}\n${stdout}${stderr}`));
        return;
      }
      const lines =
        shell === 'zsh'
          ? [...stdout.matchAll(/<match ([^>]*)>/g)].map((found) => found[1]!)
          : stdout.split('\n');
      resolve([...new Set(lines.filter((each) => each !== ''))].sort());
    });
  });
}
