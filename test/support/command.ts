// The built command, run to its end the way a user would: in a folder of its own, with only the settings given.

import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { canaryEnvironment, noteLeaks } from './leaks.ts'
import { temporaryFolder } from './temporary-folder.ts'

const program = fileURLToPath(new URL('../../bin/billing-sync.js', import.meta.url))

export interface CommandRun {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command with these arguments, environment and config file; its working directory holds nothing else. */
export const runCommand = async (
  args: readonly string[],
  { env = {}, config = {} }: { env?: Readonly<Record<string, string>>; config?: object } = {},
): Promise<CommandRun> => {
  const cwd = await temporaryFolder({ 'billing-sync.config.json': JSON.stringify(config) })
  const { PATH = '', HOME = '' } = process.env
  const settings = { PATH, HOME, ...canaryEnvironment, ...env }
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
    cwd,
    env: settings,
    extendEnv: false,
    reject: false,
  })
  noteLeaks({ args, env: settings, stdout, stderr })
  return { exitCode, stdout, stderr }
}
