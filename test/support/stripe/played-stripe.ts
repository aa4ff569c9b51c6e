// A played Stripe for one test, gone when the test is, with clients of the real SDK that talk to it.
import Stripe from 'stripe'
import { onTestFinished } from 'vitest'
import { type StripeServer, type StripeServerOptions, startStripeServer } from './stripe-server.ts'
import { PLATFORM_KEYS, type World } from './world.ts'

export interface PlayedStripe {
  readonly server: StripeServer
  readonly world: World
  /** The SDK with the platform's test key; it does not retry on its own. */
  readonly stripe: Stripe
}

/** Starts a played Stripe that the end of the test closes, which fails when the played Stripe had bugs. */
export const playStripe = async (options: StripeServerOptions = {}): Promise<PlayedStripe> => {
  const server = await startStripeServer(options)
  onTestFinished(() => server.close())
  return { server, world: server.world, stripe: sdkOf(server) }
}

/** Returns the real SDK, pointed at a played Stripe. */
export const sdkOf = (
  server: StripeServer,
  secret: string = PLATFORM_KEYS.test,
  config: Stripe.StripeConfig = {},
): Stripe => new Stripe(secret, { ...server.address, maxNetworkRetries: 0, telemetry: false, ...config })
