// Charges: https://docs.stripe.com/api/charges/object

import { own, ownObject } from '../core/json.ts'
import { isIdentified, observeCarried } from '../core/normalise.ts'
import type { Observation } from '../core/observation.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import type { Handler } from './handler.ts'
import { changesRelatives, project } from './project.ts'
import { createRefund } from './refunds.ts'
import { reconcileCharge } from './relatives.ts'

/** Stores a charge that came into being; one that is known already is updated by the ordinary order rule. */
export const newCharge: Handler = async (work, seen) => {
  const projected = await project(work, seen)
  if (changesRelatives(projected, seen)) await reconcileCharge(work, seen.id)
}

/** Updates a charge, or stores one whose beginning was never seen; stores the refunds that the payload carries. */
export const updateCharge: Handler = async (work, seen) => {
  await newCharge(work, seen)
  await storeCarriedRefunds(work, seen)
}

// Charges of versions before 2022-11-15 carry their refunds: https://docs.stripe.com/upgrades#2022-11-15
const storeCarriedRefunds = async (work: UnitOfWork, seen: Observation): Promise<void> => {
  const refunds = own(ownObject(seen.content, 'refunds'), 'data')
  if (!Array.isArray(refunds)) return
  for (const refund of refunds.filter(isIdentified))
    await createRefund(work, observeCarried(seen, 'refund', refund))
}
