// Completion scripts for shells, made of the commands and options as commander knows them, so that an option that is
// added completes at once. A script is static: completing starts no program. Where a value is wanted that has no list
// of choices, and where an input is, the shell offers files.

import type { Command, Option } from 'commander'

/** The shells that `--completion` knows. */
export const completedShells = ['bash', 'zsh', 'fish'] as const

export type CompletedShell = (typeof completedShells)[number]

/** Choices by the option, of those that take a list. */
type ListChoices = ReadonlyMap<string, readonly string[]>

/** Returns the script that the shell has to load. */
export const completionScript = (program: Command, shell: CompletedShell, lists: ListChoices): string =>
  scripts[shell](program, lists)

const visibleOptions = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command)

const flagOf = ({ long, short }: Option): string => long ?? short ?? ''

const choicesOf = (option: Option, lists: ListChoices): readonly string[] | undefined =>
  option.argChoices ?? lists.get(flagOf(option))

const flagsOf = (command: Command): string => visibleOptions(command).map(flagOf).join(' ')

const namesOf = (program: Command): string => program.commands.map((command) => command.name()).join(' ')

// https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
// Of `--role=work` bash makes three words and completes the last, but where COMP_WORDBREAKS was changed; zsh makes one.
const bash = (program: Command, lists: ListChoices): string => `_billing_sync() {
  local current="\${COMP_WORDS[COMP_CWORD]}" option="\${COMP_WORDS[COMP_CWORD-1]}" attached= command= words=
  [ "$COMP_CWORD" -gt 1 ] && command="\${COMP_WORDS[1]##-*}"
  case "$option $current" in
  *' =') current= ;;
  '= '*) option="\${COMP_WORDS[COMP_CWORD-2]}" ;;
  *' --'*=*) option="\${current%%=*}" attached="\${current%%=*}=" current="\${current#*=}" ;;
  esac
  case "$command $option" in
${[program, ...program.commands].flatMap((command) => valuesInBash(program, command, lists)).join('\n')}
  *)
    case "$command $current" in
    ' -'*) words='${flagsOf(program)}' ;;
    ' '*) words='${namesOf(program)}' ;;
${program.commands.map((command) => `    '${command.name()} -'*) words='${flagsOf(command)}' ;;`).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -P "$attached" -W "$words" -- "$current"))
}
complete -o default -F _billing_sync billing-sync
`

const valuesInBash = (program: Command, command: Command, lists: ListChoices): readonly string[] =>
  visibleOptions(command).flatMap((option) => {
    const before = command === program ? '' : command.name()
    const choices = choicesOf(option, lists)?.join(' ')
    return choices === undefined ? [] : [`  '${before} ${flagOf(option)}') words='${choices}' ;;`]
  })

// zsh runs bash's functions: https://zsh.sourceforge.io/Doc/Release/Completion-System.html (bashcompinit)
const zsh = (program: Command, lists: ListChoices): string => `autoload -Uz compinit bashcompinit
compinit
bashcompinit
${bash(program, lists)}`

// https://fishshell.com/docs/current/completions.html
const fish = (program: Command, lists: ListChoices): string =>
  [
    ...program.commands.map(
      (command) =>
        `complete -c billing-sync -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
    ),
    ...visibleOptions(program).map((option) => optionInFish('__fish_use_subcommand', option, lists)),
    ...program.commands.flatMap((command) =>
      visibleOptions(command).map((option) =>
        optionInFish(`'__fish_seen_subcommand_from ${command.name()}'`, option, lists),
      ),
    ),
    '',
  ].join('\n')

const takesValue = ({ required, optional }: Option): boolean => required || optional

const optionInFish = (condition: string, option: Option, lists: ListChoices): string => {
  const given = choicesOf(option, lists)
  const choices = given === undefined ? '' : ` -f -a ${quoted(given.join(' '))}`
  const value = takesValue(option) ? ' -r' : ''
  return `complete -c billing-sync -n ${condition} -l ${flagOf(option).slice(2)}${value}${choices} -d ${quoted(option.description)}`
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

const scripts: Readonly<Record<CompletedShell, (program: Command, lists: ListChoices) => string>> = {
  bash,
  zsh,
  fish,
}
