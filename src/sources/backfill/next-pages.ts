// Which of the pages that wait are committed together. A relative that is stored already has to be read, and often written
// once more: what others inherit from waits for nothing that came later, and what is tied to one another (a charge, its
// invoice and the payment between them, mostly of one hour) comes in one batch. Guarantee: the pages of a list keep their
// order, since the position of each tells that those before it are stored.

import { byPlace } from './page-rooms.ts'
import { listRows, tiedRank } from './resources.ts'
import type { WalkedPage } from './walk.ts'

/** A batch that holds this part of what it could is worth a commit of its own. */
const worthwhilePart = 3 / 4

/**
 * Returns the pages of the next batch: at least one where any waits, and no more objects than told in several.
 * @param queue the page that came first in front
 */
export const nextPages = (queue: readonly WalkedPage[], mostObjects: number): readonly WalkedPage[] => {
  const [lending, tied] = [queue.filter(isLending), queue.filter(isTied)]
  const together = fillBatch(tied, mostObjects)
  const isFull = isWorthwhile(together, mostObjects)
  if (isFull && lending.every((page) => mayWaitFor(together, page, queue))) return untilLevel(together, tied)
  const mixed = fillBatch(queue, mostObjects)
  // What is tied joins others whole, or waits for a batch of its own.
  if (lending.length === 0 || together.every((page) => mixed.includes(page))) return mixed
  const others = fillBatch(
    queue.filter((page) => !isTied(page)),
    mostObjects,
  )
  return isFull || isWorthwhile(others, mostObjects) ? others : mixed
}

// What came before it, and no more: a contact that is derived before its customer is stored knows less. The last page of a
// list, all there is of a short one, waits for nothing.
const mayWaitFor = (batch: readonly WalkedPage[], page: WalkedPage, queue: readonly WalkedPage[]): boolean =>
  page.position.length > 0 && batch.every((other) => queue.indexOf(other) < queue.indexOf(page))

const isWorthwhile = (batch: readonly WalkedPage[], mostObjects: number): boolean =>
  batch.reduce((sum, page) => sum + objectsOf(page), 0) >= mostObjects * worthwhilePart

const fillBatch = (queue: readonly WalkedPage[], mostObjects: number): readonly WalkedPage[] => {
  const pages: WalkedPage[] = []
  let objects = 0
  for (let rest = queue; ; ) {
    const [next] = firstOfEachList(rest).sort((one, other) => byPlace(placeOf(one), placeOf(other)))
    if (next === undefined) return pages
    objects += objectsOf(next)
    if (pages.length > 0 && objects > mostObjects) return pages
    pages.push(next)
    rest = rest.filter((page) => page !== next)
  }
}

// Where one list is a page ahead of the others it would stay so for good, and each batch hold relatives of the one before.
const untilLevel = (batch: readonly WalkedPage[], queue: readonly WalkedPage[]): readonly WalkedPage[] => {
  const begins = batch.map((_, index) => batch.slice(0, index + 1)).reverse()
  return begins.reduce((best, shorter) =>
    tornSeconds(shorter, queue) < tornSeconds(best, queue) / 2 ? shorter : best,
  )
}

/** Returns how far apart in time the lists stand once these pages of the queue are taken. */
const tornSeconds = (taken: readonly WalkedPage[], queue: readonly WalkedPage[]): number => {
  const left = firstOfEachList(queue.filter((page) => !taken.includes(page)))
  const places = new Map([
    ...taken.map(({ list, from }) => [list, from] as const),
    ...left.map(({ list, until }) => [list, until] as const),
  ])
  return Math.max(...places.values()) - Math.min(...places.values())
}

const firstOfEachList = (queue: readonly WalkedPage[]): WalkedPage[] =>
  queue.filter((page, index) => queue.findIndex(({ list }) => list === page.list) === index)

const objectsOf = ({ observations, carried }: WalkedPage): number => observations.length + carried.length

const rankOf = ({ list }: WalkedPage): number => listRows[list].rank

const isLending = (page: WalkedPage): boolean => rankOf(page) < tiedRank

const isTied = (page: WalkedPage): boolean => rankOf(page) === tiedRank

const placeOf = (page: WalkedPage) => ({ rank: rankOf(page), until: page.until })
