// What happens to customers and products: they come, change, go, and now and then come back under their old id.
import {
  type Choice,
  chosen,
  editedMetadata,
  firstMetadata,
  type Operation,
  onOneOf,
  returns,
  updateAndMaybeReturn,
} from './operation.ts'
import { isHash, type Json } from './plain-json.ts'
import type { SimulatedAccount, SimulatedObject } from './simulated-account.ts'

const MOST_CUSTOMERS = 3
const MOST_PRODUCTS = 2

// Several customers share an address, one writes it in capitals, some have none.
const EMAILS = ['ann@example.com', 'bob@example.com', null, 'Ann@Example.com', 'carol@example.com']
const NAMES = ['Ann', 'Bob', null, 'Señora Ñandú', 'Cut \uD83D']
const PHONES = [null, '+4312345', '+4398765']
const CITIES = ['Wien', 'Graz', null]

const addressIn = (city: string | null | undefined): Json => ({
  city: city ?? null,
  country: 'AT',
  line1: null,
})

const reservedEmail = (account: SimulatedAccount, customer: SimulatedObject): string | undefined =>
  account.plan.reservedEmails.get(account.of('customers').indexOf(customer) + 1)

const createCustomer: Operation = (account, { pick, value }) => {
  const number = account.of('customers').length + 1
  if (number > MOST_CUSTOMERS) return false
  const customer = account.create('customers', {
    address: pick % 3 === 0 ? null : addressIn(chosen(CITIES, value)),
    balance: 0,
    currency: 'usd',
    delinquent: false,
    description: null,
    email: account.plan.reservedEmails.get(number) ?? chosen(EMAILS, value),
    invoice_prefix: `PRE${number}`,
    metadata: firstMetadata(pick),
    name: chosen(NAMES, pick),
    phone: chosen(PHONES, value),
    tax_exempt: 'none',
  })
  account.announce(customer, 'customer.created')
  return true
}

/** The patches an update of a customer draws from. */
const CUSTOMER_PATCHES: readonly ((facts: Json, value: number) => Json)[] = [
  (facts, value) => ({ metadata: editedMetadata(facts, value) }),
  (_facts, value) => ({ name: chosen(NAMES, value) }),
  (_facts, value) => ({ email: chosen(EMAILS, value) }),
  (_facts, value) => ({ phone: chosen(PHONES, value) }),
  (facts, value) => ({
    address: { ...(isHash(facts.address) ? facts.address : addressIn(null)), city: chosen(CITIES, value) },
  }),
  (facts, value) => ({ address: facts.address === null ? addressIn(chosen(CITIES, value)) : null }),
  (facts, value) => ({ name: chosen(NAMES, value), metadata: editedMetadata(facts, value) }),
  (facts) => ({ balance: facts.balance === 0 ? -500 : 0 }),
]

const updateCustomer = onOneOf(
  (account) => account.living('customers'),
  (account, customer, { pick, value }) => {
    const patch = { ...chosen(CUSTOMER_PATCHES, pick >> 2)?.(customer.facts, value) }
    const email = reservedEmail(account, customer)
    // Which contact such a customer adopts must not depend on which of its addresses is seen first.
    if (email !== undefined && 'email' in patch) patch.email = email
    updateAndMaybeReturn(account, customer, { patch, times: returns(value) })
  },
)

const deleteCustomer = onOneOf(
  (account) => account.living('customers'),
  (account, customer, { value }) => {
    // A deletion alone that tells an address would leave open whether it adopts the contact that has it.
    const isAlone = customer.fate === 'only its deletion' && reservedEmail(account, customer) !== undefined
    account.delete(customer, value % 2 === 0 || isAlone ? 'bare' : 'whole')
  },
)

const bringBack = (account: SimulatedAccount, object: SimulatedObject, { value }: Choice): void => {
  account.tick(1 + (value % 2) * 60)
  object.isDeleted = false
  const metadata = editedMetadata(object.facts, value)
  account.announce(object, `${String(object.facts.object)}.created`, {
    metadata,
    created: account.world.clock,
  })
}

const recreateCustomer = onOneOf(
  (account) => account.of('customers').filter((one) => one.isDeleted),
  bringBack,
)

const createProduct: Operation = (account, { pick, value }) => {
  if (account.of('products').length >= MOST_PRODUCTS) return false
  const product = account.create('products', {
    active: true,
    default_price: null,
    description: chosen(NAMES, value),
    images: [],
    metadata: firstMetadata(pick),
    name: `Plan ${value % 3}`,
    type: 'service',
    updated: account.world.clock,
    url: null,
  })
  account.announce(product, 'product.created')
  return true
}

const PRODUCT_PATCHES: readonly ((facts: Json, value: number) => Json)[] = [
  (facts) => ({ active: facts.active !== true }),
  (facts, value) => ({ metadata: editedMetadata(facts, value) }),
  (_facts, value) => ({ name: `Plan ${value % 3}` }),
  (_facts, value) => ({
    images: value % 2 === 0 ? [] : ['https://example.com/a.png', 'https://example.com/b.png'],
  }),
]

const updateProduct = onOneOf(
  (account) => account.living('products'),
  (account, product, { pick, value }) => {
    const patch = {
      ...chosen(PRODUCT_PATCHES, pick >> 2)?.(product.facts, value),
      updated: account.world.clock,
    }
    updateAndMaybeReturn(account, product, { patch, times: returns(value) })
  },
)

const deleteProduct = onOneOf(
  (account) => account.living('products'),
  (account, product, { value }) => account.delete(product, value % 2 === 0 ? 'bare' : 'whole'),
)

const recreateProduct = onOneOf((account) => account.of('products').filter((one) => one.isDeleted), bringBack)

/** What happens to customers, each as often as it is listed. */
export const CUSTOMER_OPERATIONS: readonly Operation[] = [
  createCustomer,
  createCustomer,
  updateCustomer,
  updateCustomer,
  updateCustomer,
  updateCustomer,
  deleteCustomer,
  recreateCustomer,
]

/** What happens to products, each as often as it is listed. */
export const PRODUCT_OPERATIONS: readonly Operation[] = [
  createProduct,
  updateProduct,
  updateProduct,
  deleteProduct,
  recreateProduct,
]
