// Whether whoever runs a command wants to see where an unforeseen error came from.

import { type ConfigFlags, loadConfig } from '../../config/config.ts'

/** Answers whether the log level, however it was given, is `debug` or `trace`. It never rejects: no where that can't be told. */
export const wantsStack = async (flags: ConfigFlags): Promise<boolean> => {
  try {
    const { logLevel } = await loadConfig(flags)
    return logLevel === 'debug' || logLevel === 'trace'
  } catch {
    // What is wrong with the settings was not what ended the command, or is told already.
    return false
  }
}
