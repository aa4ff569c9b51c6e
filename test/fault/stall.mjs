// Preloaded into a process (`node --import`): SIGUSR2 keeps its one thread busy for STALL_MS, as a hostile payload might.

process.on('SIGUSR2', () => {
  const until = performance.now() + Number(process.env.STALL_MS)
  while (performance.now() < until);
})
