// The one error of the played Stripe's own making: a test asked for something that Stripe would never do.

/** Thrown at a test that asks for the impossible, such as deleting a paid invoice; never sent over HTTP. */
export class ImpossibleInStripe extends Error {
  override readonly name = 'ImpossibleInStripe'
}
