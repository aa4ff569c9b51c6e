// Tells the JavaScript engine to wait before it optimises a function. A bulk command runs for seconds: V8 by default
// compiles some 450 functions in that time, many of them four times over as their inputs turn out otherwise, on threads
// that take the processor from MongoDB. Measured on two cores: 20,000 events took 5.5 s of processor time in place of 7.1, a
// backfill of 20,000 objects 4.4 in place of 5.1, one of 58,000 objects 13.8 in place of 15.4, of which the main thread's
// share stayed the same; less waiting compiles too much, more leaves too much unoptimised.

import { setFlagsFromString } from 'node:v8'

/** Bytecode that a function runs before it is considered again, in bytes; V8's own default is 135,168. */
const interruptBudget = 500_000

/** Makes this process compile later. A version of V8 that does not know the flag prints a line and goes on as before. */
export const compileLater = (): void => setFlagsFromString(`--interrupt-budget=${interruptBudget}`)
