// Requests of the listener. Guarantee: one that offers to go on in another protocol than web sockets, as `curl --http2` and
// Java's client offer HTTP/2, is a request like any other, which RFC 9110 (7.8) leaves to the server. Node itself ignores
// offers only while nobody listens for any, and for web sockets somebody does.

import { IncomingMessage } from 'node:http'

const offer = Symbol('offer')

/** A request, as Node's `http.createServer` takes the class of it. */
export class OneProtocolRequest extends IncomingMessage {
  // No field: Node's constructor sets `upgrade` before any would be there.
  declare [offer]: boolean | null

  /** Set by Node's parser, and asked for once the headers are there. */
  get upgrade(): boolean {
    return this[offer] === true && (this.method === 'CONNECT' || isWebSocket(this.headers.upgrade))
  }

  set upgrade(isOffered: boolean | null) {
    this[offer] = isOffered
  }
}

const isWebSocket = (protocol: string | undefined): boolean => protocol?.toLowerCase() === 'websocket'
