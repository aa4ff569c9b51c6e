// The SDK's way to Stripe, single requests. Guarantee: a body that is no hash, as a proxy in between may answer, fails its
// request alone: of a text or a number the SDK makes an error that nobody can catch, and that ends the process. Once it is
// closed no request is left under way that would keep the process alive, and none is begun.

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import Stripe from 'stripe'
import { isJsonObject } from '../../core/json.ts'

type Request = Parameters<InstanceType<typeof Stripe.HttpClient>['makeRequest']>
type Response = Awaited<ReturnType<InstanceType<typeof Stripe.HttpClient>['makeRequest']>>

/** Makes single requests. Throws the SDK's errors, also for a body that is no hash. */
export class ObjectHttpClient extends Stripe.HttpClient {
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }
  readonly #inner = {
    http: Stripe.createNodeHttpClient(this.#agents.http),
    https: Stripe.createNodeHttpClient(this.#agents.https),
  }

  #isClosed = false

  override getClientName(): string {
    return this.#inner.https.getClientName()
  }

  /** Cuts every connection: requests that are under way fail, and so does each that comes later. */
  close(): void {
    this.#isClosed = true
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  override async makeRequest(...request: Request): Promise<Response> {
    // The SDK asks once more by itself where a connection was cut, and that request would have its whole time again.
    if (this.#isClosed)
      throw new Stripe.errors.StripeConnectionError({ message: 'Closed', type: 'api_error' })
    const [, , , , , , protocol] = request
    const response = await this.#inner[protocol === 'http' ? 'http' : 'https'].makeRequest(...request)
    const read = response.toJSON.bind(response)
    response.toJSON = async () => {
      const body: unknown = await read()
      if (isJsonObject(body)) return body
      throw new TypeError('Stripe answered no object')
    }
    return response
  }
}
