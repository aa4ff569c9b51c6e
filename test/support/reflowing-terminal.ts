// A terminal as far as live screens go: it takes the control characters that they use, keeps what scrolls out of its window,
// and wraps its lines anew when that is resized, as most terminals do today.

import { Writable } from 'node:stream'

interface Row {
  text: string
  /** True where the line goes on in the next row. */
  wraps: boolean
}

const controls = new RegExp(`${'\u001b'}\\[\\??[0-9;]*[A-Za-z]|[\\r\\n]`, 'g')

export class ReflowingTerminal extends Writable {
  readonly isTTY = true
  /** What it tells of its size. */
  columns: number
  rows: number
  /** Rows that it was asked to erase one by one. */
  erasedRows = 0
  #window: { readonly columns: number; readonly rows: number }
  #lines: Row[] = [{ text: '', wraps: false }]
  /** The cursor, counted from the oldest row that is kept. */
  #y = 0
  #x = 0

  constructor({ columns, rows }: { readonly columns: number; readonly rows: number }) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
    this.#window = { columns, rows }
  }

  /** All that it keeps, the scrollback first, to the last row that shows something. */
  get lines(): readonly string[] {
    const lines = this.#lines.map(({ text }) => text)
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    if (size.columns !== this.#window.columns) this.#reflow(size.columns)
    this.#window = size
    this.tell(size)
  }

  /** Tells a size that the window does not have, as `stty` makes a terminal do. */
  tell({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.columns = columns
    this.rows = rows
    this.emit('resize')
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    let from = 0
    for (const match of text.matchAll(controls)) {
      this.#show(text.slice(from, match.index))
      this.#obey(match[0])
      from = match.index + match[0].length
    }
    this.#show(text.slice(from))
    done()
  }

  get #top(): number {
    return Math.max(0, this.#lines.length - this.#window.rows)
  }

  #row(): Row {
    while (this.#lines.length <= this.#y) this.#lines.push({ text: '', wraps: false })
    return this.#lines[this.#y] ?? { text: '', wraps: false }
  }

  #show(text: string): void {
    for (const character of text) {
      if (this.#x === this.#window.columns) {
        this.#row().wraps = true
        this.#y += 1
        this.#x = 0
      }
      const row = this.#row()
      row.text = row.text.slice(0, this.#x).padEnd(this.#x) + character + row.text.slice(this.#x + 1)
      this.#x += 1
    }
  }

  #obey(control: string): void {
    const name = control.at(-1)
    const times = Number.parseInt(control.slice(2), 10) || 1
    if (name === 'A') this.#y = Math.max(this.#top, this.#y - times)
    else if (control === '\n') this.#y += 1
    else if (name === 'H') this.#y = this.#top
    else if (name === 'K') this.#eraseRow()
    else if (name === 'J') this.#erase(times)
    if (control === '\r' || control === '\n' || name === 'G' || name === 'H') this.#x = 0
    this.#row()
  }

  #eraseRow(): void {
    this.erasedRows += 1
    Object.assign(this.#row(), { text: '', wraps: false })
  }

  // 2: the window, 3: what has scrolled out of it.
  #erase(what: number): void {
    const top = this.#top
    if (what === 2) for (const row of this.#lines.slice(top)) Object.assign(row, { text: '', wraps: false })
    if (what !== 3) return
    this.#lines.splice(0, top)
    this.#y -= top
  }

  #reflow(columns: number): void {
    const wrapped: Row[] = []
    let line = ''
    let y = 0
    // Rows that are free below the cursor take up what becomes longer.
    for (const [index, { text, wraps }] of this.#lines.slice(0, this.#y + 1).entries()) {
      if (index === this.#y) y = wrapped.length + Math.floor((line.length + this.#x) / columns)
      line += text
      if (wraps) continue
      const pieces = line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']
      wrapped.push(...pieces.map((piece, at) => ({ text: piece, wraps: at < pieces.length - 1 })))
      line = ''
    }
    this.#lines = wrapped
    this.#y = y
    this.#x %= columns
  }
}
