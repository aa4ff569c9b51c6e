// Accounts: the key's own, and the connected ones, which only the platform sees.
import { accountInvalid } from './api-error.ts'
import type { Call } from './call.ts'
import { viewOf } from './expansion.ts'
import { joinedList, refuseOtherThan } from './object-endpoints.ts'
import { pageOf, pageRequestOf } from './page.ts'
import { renderJson } from './render.ts'
import { shelved } from './shelf.ts'
import type { StoredObject } from './stored-object.ts'
import { PLATFORM_ID } from './world.ts'

/** Answers the account that the request acts for. */
export const retrieveOwnAccount = (call: Call): string => {
  refuseOtherThan(call, ['expand'])
  return accountJson(call, call.accountId)
}

/** Answers an account by id: the request's own, or for the platform a connected one; else 403. */
export const retrieveAccount = (call: Call, id: string): string => {
  refuseOtherThan(call, ['expand'])
  const isReached = id === call.accountId || (call.accountId === PLATFORM_ID && call.world.isLinked(id))
  if (!isReached) throw accountInvalid(call.secret, id)
  return accountJson(call, id)
}

/** Answers a page of the accounts that are connected to the platform now. */
export const listAccounts = (call: Call): string => {
  refuseOtherThan(call, ['limit', 'starting_after', 'ending_before', 'expand', 'created'])
  const { params, path, world, accountId } = call
  const linked = accountId === PLATFORM_ID ? world.linkedIds() : []
  const accounts = linked.flatMap((id) => accountObject(call, id) ?? [])
  const page = pageOf(
    {
      oldestFirst: shelved(accounts),
      matches: () => true,
      find: (id) => accounts.find((account) => account.id === id),
      noun: 'account',
    },
    pageRequestOf(params),
  )
  return joinedList(
    page.data.map(({ id }) => accountJson(call, id)),
    page.hasMore,
    path,
  )
}

const accountObject = ({ world, key }: Call, id: string): StoredObject | undefined =>
  world.account(id, key.mode).state.find('account', id)

const accountJson = (call: Call, id: string): string => {
  const { world, key, generation, params } = call
  const { state } = world.account(id, key.mode)
  const account = state.find('account', id)
  if (account === undefined) throw accountInvalid(call.secret, id)
  return renderJson(state, account, viewOf('account', params.expand, { generation, isList: false }))
}
