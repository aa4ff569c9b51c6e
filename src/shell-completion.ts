// Completion scripts for shells, made of the commands and options as commander knows them, so that an option that is
// added completes at once. A script is static: completing starts no program. Where a value is wanted that has no list
// of choices, and where an input is, the shell offers files.

import type { Command, Option } from 'commander'

/** The shells that `--completion` knows. */
export const completedShells = ['bash', 'zsh', 'fish'] as const

export type CompletedShell = (typeof completedShells)[number]

/** Returns the script that the shell has to load. */
export const completionScript = (program: Command, shell: CompletedShell): string => scripts[shell](program)

const visibleOptions = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command)

const flagOf = ({ long, short }: Option): string => long ?? short ?? ''

const flagsOf = (command: Command): string => visibleOptions(command).map(flagOf).join(' ')

const namesOf = (program: Command): string => program.commands.map((command) => command.name()).join(' ')

// https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
const bash = (program: Command): string => `_billing_sync() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command= words=
  [ "$COMP_CWORD" -gt 1 ] && command="\${COMP_WORDS[1]##-*}"
  case "$command \${COMP_WORDS[COMP_CWORD-1]}" in
${[program, ...program.commands].flatMap((command) => valuesInBash(program, command)).join('\n')}
  *)
    case "$command $current" in
    ' -'*) words='${flagsOf(program)}' ;;
    ' '*) words='${namesOf(program)}' ;;
${program.commands.map((command) => `    '${command.name()} -'*) words='${flagsOf(command)}' ;;`).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _billing_sync billing-sync
`

const valuesInBash = (program: Command, command: Command): readonly string[] =>
  visibleOptions(command).flatMap((option) => {
    const before = command === program ? '' : command.name()
    const choices = option.argChoices?.join(' ')
    return choices === undefined ? [] : [`  '${before} ${flagOf(option)}') words='${choices}' ;;`]
  })

// zsh runs bash's functions: https://zsh.sourceforge.io/Doc/Release/Completion-System.html (bashcompinit)
const zsh = (program: Command): string => `autoload -Uz compinit bashcompinit
compinit
bashcompinit
${bash(program)}`

// https://fishshell.com/docs/current/completions.html
const fish = (program: Command): string =>
  [
    ...program.commands.map(
      (command) =>
        `complete -c billing-sync -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
    ),
    ...visibleOptions(program).map((option) => optionInFish('__fish_use_subcommand', option)),
    ...program.commands.flatMap((command) =>
      visibleOptions(command).map((option) =>
        optionInFish(`'__fish_seen_subcommand_from ${command.name()}'`, option),
      ),
    ),
    '',
  ].join('\n')

const takesValue = ({ required, optional }: Option): boolean => required || optional

const optionInFish = (condition: string, option: Option): string => {
  const choices = option.argChoices === undefined ? '' : ` -f -a ${quoted(option.argChoices.join(' '))}`
  const value = takesValue(option) ? ' -r' : ''
  return `complete -c billing-sync -n ${condition} -l ${flagOf(option).slice(2)}${value}${choices} -d ${quoted(option.description)}`
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

const scripts: Readonly<Record<CompletedShell, (program: Command) => string>> = { bash, zsh, fish }
