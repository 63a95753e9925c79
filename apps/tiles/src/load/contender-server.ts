/** One contender in a process of its own: serves tiles at a free port, tells it to its parent, and ends when it is told to. */
import type { AddressInfo } from 'node:net'
import { settleHeaps } from '../heap-setting.ts'
import { createServer } from '../http/server.ts'
import { addTileRoutes } from '../http/tile-routes.ts'
import { startContender } from './contenders.ts'
import type { Contender } from './contenders.ts'

settleHeaps() // the same for all contenders
const source = await startContender(process.argv[2] as Contender)
const app = createServer(() => undefined)
addTileRoutes(app, { source, deadlineMsMax: 60_000, maxAgeS: 3600 })
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })

process.once('message', () => {
  app.server.closeAllConnections()
  void app.close().then(async () => {
    await source.close()
    process.disconnect?.()
  })
})
