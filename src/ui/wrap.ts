import { printable } from '../core/printable.ts'

/** Width that every terminal has. */
const lineWidth = 80

/** Returns a text in lines of 80 columns at most, each indented; a longer word stays whole. */
export const wrap = (text: string, indent: number): readonly string[] => {
  const lines: string[] = []
  for (const word of printable(text).split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && indent + last.length + 1 + word.length <= lineWidth)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}`)
}
