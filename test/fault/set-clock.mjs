// Preloaded into a process (`node --import`): its wall clock is CLOCK_AHEAD_MS ahead of the machine's, and after each
// SIGUSR2 as much behind, then ahead again. Timers and `performance` go on as ever, as they do when a clock is set.

const RealDate = Date
let aheadMs = Number(process.env.CLOCK_AHEAD_MS)
process.on('SIGUSR2', () => {
  aheadMs = -aheadMs
})

const now = () => RealDate.now() + aheadMs

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget === Date ? target : newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  apply: () => new RealDate(now()).toString(),
})
