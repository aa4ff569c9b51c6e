/**
 * Tells whether a stream is a terminal on which a screen can be drawn anew in place, and the environment allows it. Elsewhere
 * that would leave control characters in a file, a frame below the other, or, where the terminal has no size, a letter on each line.
 */
export const hasLiveScreen = (
  { isTTY, columns, rows }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>,
  { allowsLiveScreens }: { readonly allowsLiveScreens: boolean },
): boolean => allowsLiveScreens && isTTY === true && columns > 0 && rows > 0
