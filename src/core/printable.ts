// Text of strangers on a terminal: types of events, names of files and values of metadata may hold control characters.

/** Returns the text with nothing in it that a terminal would obey, or that would turn the writing direction. */
export const printable = (text: string): string =>
  text.replace(/[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cc}/gu, '?')
