// Every retrieve of src/sources/stripe against stripe-mock, by the pinned SDK: one check per call.

import { clientOf, openStripe } from '../../dist/sources/stripe/account-client.js'
import { pinnedApiVersion } from '../../dist/sources/stripe/api-version.js'
import { observeRelatives } from '../../dist/sources/stripe/observe-relatives.js'
import { askPlatformAccount } from '../../dist/sources/stripe/platform.js'
import { paymentsOfIntent, refundsOfCharge, retrieveObject } from '../../dist/sources/stripe/retrievals.js'

const ids = {
  charge: 'ch_mock',
  invoice: 'in_mock',
  customer: 'cus_mock',
  subscription: 'sub_mock',
  refund: 're_mock',
  dispute: 'du_mock',
  product: 'prod_mock',
  invoice_payment: 'inpay_mock',
}

const stamp = {
  unixSeconds: Math.floor(Date.now() / 1000),
  seq: 0,
  apiVersion: pinnedApiVersion,
  livemode: false,
  source: 'replay',
  single: true,
}

const expect = (holds, problem) => {
  if (!holds) throw new TypeError(problem)
}

const expectAll = (objects, kind) => {
  expect(objects.length > 0, `an empty list of ${kind}`)
  for (const { object } of objects) expect(object === kind, `expected ${kind}, got ${object}`)
}

const retrieve = async (client, kind) => {
  const { object, date } = await retrieveObject(client, kind, ids[kind])
  expect(object.object === kind, `expected ${kind}, got ${object.object}`)
  expect(object.id === ids[kind], `expected ${ids[kind]}, got ${object.id}`)
  expect(date !== null && !Number.isNaN(Date.parse(date)), `no Date header: ${date}`)
  return object
}

/** The paths that are asked to be expanded; a link that stripe-mock leaves null tells nothing. */
const expansions = {
  charge: [['customer'], ['balance_transaction']],
  invoice: [['payments'], ['parent', 'subscription_details', 'subscription']],
  subscription: [['latest_invoice'], ['customer']],
  refund: [['charge']],
  dispute: [['charge']],
  product: [['default_price']],
  invoice_payment: [['payment', 'payment_intent']],
}

const expansionOf = (object, path) => {
  const held = path.reduce((value, name) => value?.[name] ?? null, object)
  if (held === null) return `${path.join('.')} absent`
  return `${path.join('.')} ${typeof held === 'object' ? 'expanded' : 'not expanded'}`
}

// The example charge has no payment and no refund: told that it has, everything around it is asked for.
const around = { charge: { payment_intent: 'pi_mock', amount_refunded: 1 }, invoice: {} }

const relatives = async (client, kind) => {
  const object = { ...(await retrieve(client, kind)), ...around[kind] }
  const { observations, expanded } = await observeRelatives(client, kind, { object, stamp })
  expect(observations.length > 0, 'no relatives')
  return [...observations, ...Object.keys(expanded)].map((seen) => seen.kind ?? `${seen} expanded`).join(', ')
}

/** The SDK with one answer changed: stripe-mock cuts no list, so that its completion would never be asked for. */
const cuttingLists = (client, path) => {
  const { stripe, options } = client
  const resource = Object.create(stripe[path])
  resource.retrieve = async (...told) => {
    const answer = await stripe[path].retrieve(...told)
    for (const name of ['lines', 'payments', 'items']) if (answer[name]) answer[name].has_more = true
    return answer
  }
  return { stripe: Object.assign(Object.create(stripe), { [path]: resource }), options }
}

const completed = async (client, kind, path) => {
  const object = await retrieve(cuttingLists(client, path), kind)
  const lists = ['lines', 'payments', 'items'].filter((name) => object[name] != null)
  for (const name of lists) {
    expect(object[name].has_more === false, `${name} is still cut`)
    expectAll(
      object[name].data,
      { lines: 'line_item', payments: 'invoice_payment', items: 'subscription_item' }[name],
    )
  }
  expect(lists.length > 0, 'no list to complete')
  return lists.join(', ')
}

/** Returns the checks by name; each answers a remark, or throws. */
export const retrieveChecks = (base) => {
  const stripe = openStripe({ secretKey: 'sk_test_123', apiBase: base })
  const client = clientOf(stripe, 'acct_1RzH8nCdYs3GkVf6')
  const kinds = Object.keys(ids)
  return {
    ...Object.fromEntries(
      kinds.map((kind) => [
        `retrieves a ${kind}`,
        async () => {
          const object = await retrieve(client, kind)
          return (expansions[kind] ?? []).map((path) => expansionOf(object, path)).join(', ')
        },
      ]),
    ),
    'reads around a charge': () => relatives(client, 'charge'),
    'reads around an invoice': () => relatives(client, 'invoice'),
    'lists the payments of an intent': async () =>
      expectAll(await paymentsOfIntent(client, 'pi_mock'), 'invoice_payment'),
    'lists the refunds of a charge': async () =>
      expectAll(await refundsOfCharge(client, ids.charge), 'refund'),
    "completes an invoice's lists": () => completed(client, 'invoice', 'invoices'),
    "completes a subscription's lists": () => completed(client, 'subscription', 'subscriptions'),
    'asks for the platform account': async () => {
      const id = await askPlatformAccount(clientOf(stripe, null))
      expect(id.startsWith('acct_'), `expected an account id, got ${id}`)
      return id
    },
  }
}
