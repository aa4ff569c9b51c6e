import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { runProgram, terminal } from './support/billing-sync.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const printed = new Map<string, Promise<string>>()

/** What the program prints for these words; each is asked for once. */
const printedFor = (...args: readonly string[]): Promise<string> => {
  const asked = printed.get(args.join(' ')) ?? runProgram(args).then(({ stdout }) => stdout)
  printed.set(args.join(' '), asked)
  return asked
}

const scriptFor = (shell: string): Promise<string> => printedFor('--completion', shell)

/** What bash offers for the last of these words. */
const completionsOf = async (script: string, words: readonly string[]): Promise<readonly string[]> => {
  const asked = `COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _billing_sync; printf '%s\n' "\${COMPREPLY[@]}"`
  const { stdout } = await execa('bash', ['-c', `${script}\n${asked}`, 'bash', 'billing-sync', ...words])
  return stdout.split('\n')
}

describe('completion in bash', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['the commands', [''], ['serve', 'backfill', 'replay']],
    ['a command that was begun', ['b'], ['backfill']],
    ['options of the program', ['--v'], ['--version']],
    ['the shells', ['--completion', 'b'], ['bash']],
    ['options of a command', ['serve', '--r'], ['--role']],
    ['choices of an option', ['replay', '--effects', ''], ['missing', 'none']],
    ['statuses', ['replay', '--status', 'd'], ['done', 'dead']],
    ['resources', ['backfill', '--resource', 'c'], ['customers', 'charges']],
    ['choices after the sign that bash parts words at', ['serve', '--role', '='], ['all', 'ingest', 'work']],
    ['a choice begun after it', ['serve', '--role', '=', 'w'], ['work']],
    ['choices of an option that is one word with its value', ['serve', '--role=w'], ['--role=work']],
    ['all of them', ['--completion='], ['--completion=bash', '--completion=zsh', '--completion=fish']],
    ['log levels', ['serve', '--log-level', 'f'], ['fatal']],
    ['the version of a command', ['serve', '--v'], ['--version']],
    ['files, which are left to the shell,', ['replay', 'fix'], ['']],
  ])('offers %s', async (_, words, offered) => {
    expect(await completionsOf(await scriptFor('bash'), words)).toEqual(offered)
  })
})

test('bash completes a choice after an equals sign that is typed', async () => {
  const stub = `billing-sync() { printf '<%s>' "$@"; }`
  const folder = await temporaryFolder({ 'completion.bash': `${await scriptFor('bash')}\n${stub}\n` })
  const bash = ['bash', '--noprofile', '--rcfile', `${folder}/completion.bash`, '-i']
  const input = 'billing-sync serve --role=w\t; exit\n'
  const { stdout } = await execa('python3', [terminal, ...bash], {
    input,
    env: { TERM: 'xterm' },
    reject: false,
  })
  expect(stdout).toContain('<serve><--role=work>')
})

describe('completion in every shell', () => {
  test.each(['bash', 'zsh', 'fish'])(
    'knows each option that the help of a command shows: %s',
    async (shell) => {
      const script = await scriptFor(shell)
      for (const command of ['serve', 'backfill', 'replay']) {
        const help = await printedFor(command, '--help')
        const options = [...help.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name = '']) => name)
        expect(options.length).toBeGreaterThan(5)
        for (const option of options) expect(script).toMatch(new RegExp(`(--|-l )${option}\\b`))
      }
    },
  )

  test.each(['bash', 'zsh', 'fish'])('knows the choices of options that take a list: %s', async (shell) => {
    expect(await scriptFor(shell)).toContain('pending done ignored failed dead parked')
  })

  test('is refused for a shell that it does not know, with the ones that it does', async () => {
    const { exitCode, stderr } = await runProgram(['--completion', 'ksh'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')])
  })
})
