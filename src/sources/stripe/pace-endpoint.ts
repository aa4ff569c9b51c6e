// Which of Stripe's endpoints a path belongs to: all ids of one retrieve count together
// (https://docs.stripe.com/rate-limits#api-endpoint-rate-limits).

/** Paths whose second part is a word of the API and no id. */
const idPart = /^\/v1\/([a-z_]+)\/([^/]+)/

/** Returns the endpoint of a GET, ids left out: `/v1/invoices/in_1/lines` is `invoices/:id/lines`. */
export const endpointOf = (path: string): string => {
  const [bare = ''] = path.split('?')
  return bare.replace(idPart, '/v1/$1/:id').replace('/v1/', '')
}
