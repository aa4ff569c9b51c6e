import { createServer, type Server } from 'node:http'
import { afterAll } from 'vitest'

export interface ListeningServer {
  readonly httpServer: Server
  readonly url: string
  close(): Promise<void>
}

/** Starts an HTTP server on loopback, at a port of its own or the one given, that answers 404 to everything. */
export const listen = async (port = 0): Promise<ListeningServer> => {
  const httpServer = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => httpServer.listen(port, '127.0.0.1', resolve))
  const address = httpServer.address()
  const bound = typeof address === 'object' && address !== null ? address.port : 0
  const close = async (): Promise<void> => {
    httpServer.closeAllConnections()
    await new Promise((resolve) => httpServer.close(resolve))
  }
  return { httpServer, url: `http://127.0.0.1:${bound}`, close }
}

/** The same, ended with the test file. */
export const listenForFile = async (): Promise<ListeningServer> => {
  const server = await listen()
  afterAll(server.close)
  return server
}
