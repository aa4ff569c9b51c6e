// The dashboard of a running `serve`. It fits 24 rows of 80 columns and uses what a larger terminal has: more of the last
// events and of the failing accounts, and longer ids.

import { Box, Text } from 'ink'
import type { ReactNode } from 'react'
import { printable } from '../core/printable.ts'
import type { ServeTally } from '../watch/serve-tally.ts'
import { inDigits } from './figures.ts'

/** What the tally does not count, read when the screen is drawn. */
export interface ServeState {
  readonly url: string
  readonly role: string
  readonly problem: string | null
  readonly degraded: readonly string[]
  readonly waiting: number
  readonly oldestSeconds: number
  readonly clients: number
}

interface ServeScreenProps {
  readonly tally: ServeTally
  readonly state: ServeState
  readonly elapsedMs: number
  readonly columns: number
  readonly rows: number
}

/** Rows that everything but the two lists takes, and those that all but their titles takes, the shell's own line included. */
const fixedRows = 13
const rowsWithoutLists = 8

/** Share of the remaining rows that failing accounts may take. */
const failingShare = 0.35

/** From so many columns on, ids are shown too, and the longest of Stripe's types whole. */
const wideColumns = 110
const wholeTypeColumns = 150

/** Columns of an event's outcome with what stands before it, of its type where there is room, and of its id. */
const outcomeWidth = 12
const typeWidth = 32
const wholeTypeWidth = 45
const idWidth = 34

/** Shows what comes in, what becomes of it, what fails and what was last; on a low terminal as much of it as there is room for. */
export const ServeScreen = ({ tally, state, elapsedMs, columns, rows }: ServeScreenProps) => (
  <Box flexDirection="column" width={columns}>
    {rows < 2 ? null : <Heading state={state} elapsedMs={elapsedMs} />}
    {rows < 3 ? null : <Readiness state={state} />}
    {rows < rowsWithoutLists ? null : <Figures tally={tally} state={state} />}
    {rows < fixedRows + 2 ? null : <Lists tally={tally} columns={columns} room={rows - fixedRows} />}
    {rows < rowsWithoutLists ? null : (
      <Text dimColor wrap="truncate">
        Ctrl-C ends it; a second one at once
      </Text>
    )}
  </Box>
)

const Figures = ({ tally, state }: Pick<ServeScreenProps, 'tally' | 'state'>) => (
  <>
    <Line name="received">
      {number(tally.received.perSecond())}/s · {number(tally.acknowledged)} acknowledged
      {counts(tally.refusals, 'red')}
    </Line>
    <Line name="handled">
      {number(tally.handled.perSecond())}/s · lag {duration(tally.lagMs / 1000)} · {number(state.waiting)}{' '}
      waiting
      {state.waiting === 0 ? '' : `, oldest ${duration(state.oldestSeconds)}`}
    </Line>
    <Line name="outcomes">
      {Object.keys(tally.outcomes).length === 0 ? 'none yet' : listed(tally.outcomes)}
      {tally.dead === 0 ? '' : <Text color="red"> · dead {number(tally.dead)}</Text>}
    </Line>
    <Line name="sinks">
      {Object.keys(tally.delivered).length === 0 ? 'nothing delivered yet' : listed(tally.delivered)} ·{' '}
      {number(state.clients)} Support clients
    </Line>
  </>
)

interface ListsProps extends Pick<ServeScreenProps, 'tally' | 'columns'> {
  /** Rows of both lists together. */
  readonly room: number
}

const Lists = ({ tally, columns, room }: ListsProps) => {
  const failing = tally.failing.slice(0, Math.max(1, Math.floor(room * failingShare)))
  const last = tally.last.slice(0, Math.max(1, room - failing.length))
  return (
    <>
      <Title>Failing accounts</Title>
      {failing.length === 0 ? <Text dimColor> none</Text> : null}
      {failing.map(({ account, failures, lastCode }) => (
        <Text key={account} wrap="truncate">
          {'  '}
          {account.padEnd(26)} {String(failures).padStart(6)} <Text color="red">{lastCode}</Text>
        </Text>
      ))}
      <Title>Last events</Title>
      {last.length === 0 ? <Text dimColor> none yet</Text> : null}
      {last.map((event) => (
        <LastEvent key={`${event.eventId} ${event.lagMs}`} event={event} columns={columns} />
      ))}
    </>
  )
}

interface LastEventProps {
  readonly event: ServeTally['last'][number]
  readonly columns: number
}

// The code says what to do: where room is short, the type gives way to it.
const LastEvent = ({ event, columns }: LastEventProps) => {
  const isWide = columns >= wideColumns
  const account = cell(event.account, isWide ? 31 : 23)
  const id = isWide ? cell(event.eventId, idWidth) : ''
  const most = columns >= wholeTypeColumns ? wholeTypeWidth : typeWidth
  const end = event.code ?? `${Math.round(event.lagMs)} ms`
  const left = columns - outcomeWidth - account.length - id.length - end.length
  return (
    <Text wrap="truncate">
      {'  '}
      <Text {...(event.code === null ? {} : { color: 'red' })}>{event.outcome.padEnd(10)}</Text>
      {cell(printable(event.type), Math.min(most, Math.max(1, left)))}
      {account}
      {id}
      {end}
    </Text>
  )
}

/** A text in so many columns, the last of which parts it from the next; one that is cut shows it. */
const cell = (text: string, width: number): string =>
  (text.length < width ? text : `${text.slice(0, Math.max(0, width - 2))}…`.slice(0, width - 1)).padEnd(width)

const Heading = ({ state, elapsedMs }: Pick<ServeScreenProps, 'state' | 'elapsedMs'>) => (
  <Text wrap="truncate">
    <Text bold>billing-sync serve</Text> {state.role} · {state.url} · up {duration(elapsedMs / 1000)}
  </Text>
)

const Readiness = ({ state }: Pick<ServeScreenProps, 'state'>) => (
  <Text wrap="truncate">
    {state.problem === null ? (
      <Text color="green">ready</Text>
    ) : (
      <Text color="red">not ready: {state.problem}</Text>
    )}
    {state.degraded.length === 0 ? '' : <Text color="yellow"> · degraded: {state.degraded.join(', ')}</Text>}
  </Text>
)

const Line = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <Text wrap="truncate">
    <Text dimColor>{name.padEnd(10)}</Text>
    {children}
  </Text>
)

const Title = ({ children }: { readonly children: string }) => (
  <Box marginTop={1}>
    <Text bold wrap="truncate">
      {children}
    </Text>
  </Box>
)

const counts = (of: Readonly<Record<string, number>>, color: string): ReactNode =>
  Object.keys(of).length === 0 ? '' : <Text color={color}> · {listed(of)}</Text>

const listed = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(' · ')

const number = (value: number): string => inDigits(Math.round(value))

const duration = (seconds: number): string => {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
