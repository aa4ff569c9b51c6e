// The SDK's way to Stripe, single requests. Guarantee: a body that is no hash, as a proxy in between may answer, fails its
// request alone: of a text or a number the SDK makes an error that nobody can catch, and that ends the process.

import Stripe from 'stripe'
import { isJsonObject } from '../../core/json.ts'

type Request = Parameters<InstanceType<typeof Stripe.HttpClient>['makeRequest']>
type Response = Awaited<ReturnType<InstanceType<typeof Stripe.HttpClient>['makeRequest']>>

export class HashHttpClient extends Stripe.HttpClient {
  readonly #inner = Stripe.createNodeHttpClient()

  override getClientName(): string {
    return this.#inner.getClientName()
  }

  override async makeRequest(...request: Request): Promise<Response> {
    const response = await this.#inner.makeRequest(...request)
    const read = response.toJSON.bind(response)
    response.toJSON = async () => {
      const body: unknown = await read()
      if (isJsonObject(body)) return body
      throw new TypeError('Stripe answered no object')
    }
    return response
  }
}
