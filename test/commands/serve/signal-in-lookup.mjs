// Loaded before the program: the signal comes while the name of its host is looked up, which goes on once it was heard.

import dns from 'node:dns'

const { lookup } = dns

dns.lookup = (...args) => {
  dns.lookup = lookup
  const waiting = setInterval(() => undefined, 1_000) // waiting for a signal alone keeps no process
  process.once('SIGTERM', () => {
    clearInterval(waiting)
    setImmediate(() => lookup(...args))
  })
  process.kill(process.pid, 'SIGTERM')
}
