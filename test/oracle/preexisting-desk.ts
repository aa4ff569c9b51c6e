// Documents that other people made before billing-sync came: contacts with a customer's e-mail in other letters,
// with a customer already linked, or that nobody may adopt; and their conversations and rooms.
import type { History } from './history.ts'
import type { Json } from './plain-json.ts'

export interface PreexistingContactPlan {
  /** Adoptable: its e-mail is that of one customer only, for good. Foreign: its e-mail may be anybody's, it has a customer. */
  readonly kind: 'adoptable' | 'linked' | 'foreign'
  /** The customer it is meant for, by number from 1. */
  readonly customer: number
  readonly filled: readonly ('name' | 'phone' | 'last_name' | 'address')[]
  readonly conversations: 'none' | 'one without a room' | 'one' | 'two'
}

const LONG_AGO = Date.UTC(2020, 0, 1)
const HOUR_MS = 60 * 60 * 1000

/** Returns the e-mail that only this customer of an account has, as Stripe tells it. */
export const reservedEmail = (customer: number): string => `only.${customer}@example.com`

/**
 * Returns the e-mails that customers, by number, keep for good. Those of linked contacts keep theirs too: once its customer
 * is deleted, such a contact may be adopted again, and must not be by a second customer of the same e-mail.
 */
export const reservedEmails = (plans: readonly PreexistingContactPlan[]): ReadonlyMap<number, string> =>
  new Map(
    plans.filter(({ kind }) => kind !== 'foreign').map(({ customer }) => [customer, reservedEmail(customer)]),
  )

/** Returns the documents of these plans in one account, by collection. */
export const preexistingDesk = (
  account: string,
  plans: readonly PreexistingContactPlan[],
): History['preexisting'] => {
  const contacts = plans.map((plan) => contactOf(account, plan))
  const conversations = plans.flatMap((plan) => conversationsOf(account, plan))
  const rooms = plans.flatMap((plan) =>
    plan.conversations.includes('without') ? [] : conversationsOf(account, plan).map(roomOf),
  )
  return { 'crm.contacts': contacts, 'support.conversations': conversations, 'support.rooms': rooms }
}

const contactId = (account: string, { kind, customer }: PreexistingContactPlan): string =>
  `contact_${account}_${kind}_${customer}`

const FILLED_VALUES: Readonly<Record<PreexistingContactPlan['filled'][number], unknown>> = {
  name: 'Kept Name',
  phone: '+431',
  last_name: 'Kept',
  address: { zip: '1010' },
}

const contactOf = (account: string, plan: PreexistingContactPlan): Json => ({
  _id: contactId(account, plan),
  stripe_user_id: account,
  ...CONTACTS[plan.kind](plan.customer),
  ...Object.fromEntries(plan.filled.map((field) => [field, FILLED_VALUES[field]])),
  notes: 'Met at the fair',
  source: 'crm',
  created_at: new Date(LONG_AGO),
  updated_at: new Date(LONG_AGO),
})

const CONTACTS: Readonly<Record<PreexistingContactPlan['kind'], (customer: number) => Json>> = {
  adoptable: (customer) => ({ email: `Only.${customer}@Example.COM` }),
  linked: (customer) => ({
    stripe_customer_id: `cus_${customer}`,
    ...(customer === 1 ? {} : { email: 'linked@crm.example' }),
  }),
  foreign: (customer) => ({ stripe_customer_id: `cus_elsewhere_${customer}`, email: 'ann@example.com' }),
}

const conversationsOf = (account: string, plan: PreexistingContactPlan): readonly Json[] => {
  const count = plan.conversations === 'none' ? 0 : plan.conversations === 'two' ? 2 : 1
  return Array.from({ length: count }, (_, index) => ({
    _id: `conversation_${index}_of_${contactId(account, plan)}`,
    stripe_user_id: account,
    contact_id: contactId(account, plan),
    source: 'agent',
    // The second one is the older one, so that the order of insertion doesn't tell which to use.
    created_at: new Date(LONG_AGO - index * HOUR_MS),
  }))
}

const roomOf = (conversation: Json): Json => ({
  ...conversation,
  _id: `room_of_${String(conversation._id)}`,
  conversation_id: conversation._id,
})
