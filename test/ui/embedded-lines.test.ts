import { expect, test } from 'vitest'
import { embeddedLines } from '../../src/ui/embedded-lines.ts'

test('a run without a setting says which database it uses and where', () => {
  expect(embeddedLines({ program: 'MongoDB 6.0.5', folder: '/srv/.billing-sync/mongodb' })).toEqual([
    'No MONGODB_URI is set: using the embedded MongoDB 6.0.5',
    'Its data lies in /srv/.billing-sync/mongodb',
  ])
})
