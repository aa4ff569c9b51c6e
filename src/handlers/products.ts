// Products: https://docs.stripe.com/api/products/object

import type { Handler } from './handler.ts'
import { project } from './project.ts'

/** Stores a product that came into being, or came again under an id that the merchant chose. */
export const createProduct: Handler = async (work, seen) => {
  await project(work, seen)
}

/** Updates a product; one that is archived is not deleted. */
export const updateProduct: Handler = createProduct

/** Marks a deleted product; its last content stays. */
export const deleteProduct: Handler = createProduct
