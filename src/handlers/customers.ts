// Customers: https://docs.stripe.com/api/customers/object

import { deriveContact } from './contacts.ts'
import type { Handler } from './handler.ts'
import { project } from './project.ts'

/** Stores a customer that came into being and derives its contact. */
export const newCustomer: Handler = async (work, seen) => {
  await project(work, seen)
  await deriveContact(work, seen.id, { paid: false })
}

/** Updates a customer; stale or unchanged, its contact is derived anew, so that a new mapping takes hold. */
export const updateCustomer: Handler = newCustomer

/** Marks a deleted customer; its contact stays, with the customer among its former ones. */
export const deleteCustomer: Handler = newCustomer
