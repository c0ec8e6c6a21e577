/**
 * Completion scripts, made of the commands themselves: nothing is listed twice. They are whole, so that a
 * shell completes without starting the program.
 *
 * @module
 */

import type { CommandFacts, OptionFacts } from '../../kit/commandLine.ts';

const PROGRAM = 'holdfast';
/** How the flags name a value that is a path. */
const PATHS: ReadonlySet<string> = new Set(['dir', 'file']);
const HELP: OptionFacts = {
  flags: '-h, --help',
  names: ['-h', '--help'],
  what: 'display help for command',
  value: null,
  choices: [],
  standard: null,
  variable: null,
};

/** The options of a command, and those of the command that is meant where none is named. */
function optionsOf(commands: readonly CommandFacts[], { path, options, standard }: CommandFacts) {
  const meant = commands.find((one) => one.path.join(' ') === [...path, standard].join(' '));
  return [...options, ...(standard === null ? [] : (meant?.options ?? [])), HELP];
}

function namesOf(options: readonly OptionFacts[]): string[] {
  return options.flatMap(({ names }) => names);
}

/** What an argument of the command may be, where that is known. */
function choicesOf({ arguments: given }: CommandFacts): string[] {
  return given.flatMap(([, , choices]) => choices);
}

/** Whether what comes after the command may be the path of a file. */
function takesFile({ arguments: given }: CommandFacts): boolean {
  return given.some(([usage]) => PATHS.has(usage.slice(1, -1)));
}

/** For bash, without the package bash-completion. */
export function bashScript(commands: readonly CommandFacts[]): string {
  const cases = commands.map((one) => {
    const options = optionsOf(commands, one);
    const words = [...one.commands, ...choicesOf(one), ...namesOf(options)].join(' ');
    const ofValue = options.flatMap(({ names, value, choices }) => {
      if (value === null) return [];
      const say =
        choices.length > 0 ? `words='${choices.join(' ')}'` : isPath(value) ? 'files=1' : 'words=';
      return [`        ${names.join('|')}) ${say}; return ;;`];
    });
    return [
      `    '${one.path.join(' ')}')`,
      ...(ofValue.length === 0 ? [] : ['      case $before in', ...ofValue, '      esac']),
      `      words='${words}'${takesFile(one) ? '; files=1' : ''}`,
      '      ;;',
    ].join('\n');
  });
  const steps = commands.flatMap(({ path, commands: below }) =>
    below.map(
      (name) => `      '${path.join(' ')}:${name}') path='${[...path, name].join(' ')}' ;;`,
    ),
  );
  return `# bash completion of ${PROGRAM}. Put this into ~/.bashrc:
#   source <(${PROGRAM} completion bash)
_${PROGRAM}_words() {
  local before=$1 path=$2
  words= files=
  case $path in
${cases.join('\n')}
  esac
}

_${PROGRAM}() {
  local path= at words files word=\${COMP_WORDS[COMP_CWORD]}
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    case "$path:\${COMP_WORDS[at]}" in
${steps.join('\n')}
    esac
  done
  _${PROGRAM}_words "\${COMP_WORDS[COMP_CWORD - 1]}" "$path"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n $files && $word != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$word"))
  fi
}
complete -F _${PROGRAM} ${PROGRAM}
`;
}

/** For zsh. */
export function zshScript(commands: readonly CommandFacts[]): string {
  const functions = commands.map((one) => {
    const options = optionsOf(commands, one).map(zshOption);
    const below = one.commands.map((name) => {
      const path = [...one.path, name].join(' ');
      const description =
        commands.find((other) => other.path.join(' ') === path)?.description ?? '';
      return `'${quoted(name)}:${quoted(description)}'`;
    });
    const words = choicesOf(one);
    const last = takesFile(one)
      ? [`'*:file:_files'`]
      : words.length > 0
        ? [`'1:argument:(${words.join(' ')})'`]
        : [];
    if (below.length === 0) {
      return `${functionOf(one)}() {\n  _arguments -s \\\n    ${[...options, ...last].join(' \\\n    ')}\n}`;
    }
    const next = one.commands.map(
      (name) => `    ${name}) ${functionOf({ ...one, path: [...one.path, name] })} ;;`,
    );
    return `${functionOf(one)}() {
  local line state
  _arguments -C \\
    ${[...options, `'1:command:->command'`, `'*::argument:->argument'`].join(' \\\n    ')}
  case $state in
  command)
    local -a commands=(
      ${below.join('\n      ')}
    )
    _describe command commands
    ;;
  argument)
    case $line[1] in
${next.join('\n')}
    esac
    ;;
  esac
}`;
  });
  return `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}. Put this into a file _${PROGRAM} in a folder of $fpath:
#   ${PROGRAM} completion zsh > "\${fpath[1]}/_${PROGRAM}"
${functions.join('\n\n')}

if [ "$funcstack[1]" = "_${PROGRAM}" ]; then
  _${PROGRAM} "$@"
else
  compdef _${PROGRAM} ${PROGRAM}
fi
`;
}

function functionOf({ path }: Pick<CommandFacts, 'path'>): string {
  return ['', PROGRAM, ...path].join('_').replaceAll('-', '_');
}

/** `'(-h --help)'{-h,--help}'[what]'`, or `'--state=[what]:state:(a b)'`. */
function zshOption({ names, what, value, choices }: OptionFacts): string {
  const ofValue =
    value === null
      ? ''
      : `:${quoted(value)}:${choices.length > 0 ? `(${choices.join(' ')})` : isPath(value) ? '_files' : ' '}`;
  const said = `[${quoted(what).replaceAll('[', '\\[').replaceAll(']', '\\]')}]${ofValue}`;
  if (names.length === 1) return `'${names[0] ?? ''}${said}'`;
  return `'(${names.join(' ')})'{${names.join(',')}}'${said}'`;
}

/** For fish. */
export function fishScript(commands: readonly CommandFacts[]): string {
  const lines = commands.flatMap((one) => {
    const when = `-n '__${PROGRAM}_at "${one.path.join(' ')}"'`;
    const below = one.commands.map((name) => {
      const path = [...one.path, name].join(' ');
      const description =
        commands.find((other) => other.path.join(' ') === path)?.description ?? '';
      return `complete -c ${PROGRAM} -f ${when} -a ${name} -d '${quotedFish(description)}'`;
    });
    const options = optionsOf(commands, one).map(({ names, what, value, choices }) => {
      const written = names
        .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        .join(' ');
      const ofValue =
        value === null
          ? ''
          : choices.length > 0
            ? ` -x -a '${choices.join(' ')}'`
            : isPath(value)
              ? ' -r -F'
              : ' -x';
      return `complete -c ${PROGRAM} ${when} ${written}${ofValue} -d '${quotedFish(what)}'`;
    });
    const files = takesFile(one) ? [`complete -c ${PROGRAM} ${when} -F`] : [];
    const words = choicesOf(one).map((word) => `complete -c ${PROGRAM} -f ${when} -a ${word}`);
    return [...below, ...words, ...files, ...options];
  });
  const paths = commands.map(({ path }) => `'${path.join(' ')}'`).slice(1);
  return `# fish completion of ${PROGRAM}. Put this into ~/.config/fish/completions/${PROGRAM}.fish:
#   ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish
function __${PROGRAM}_at
    set -l path
    for word in (commandline -opc)[2..-1]
        set -l next (string join ' ' -- $path $word)
        if contains -- "$next" ${paths.join(' ')}
            set path $path $word
        end
    end
    test "$path" = "$argv[1]"
end
complete -c ${PROGRAM} -f
${lines.join('\n')}
`;
}

function isPath(value: string): boolean {
  return PATHS.has(value);
}

/** Within single quotes of bash and zsh, with what zsh takes for the end of a name. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
}

function quotedFish(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
