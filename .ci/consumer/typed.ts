/** What a user's TypeScript program looks like; it runs against the packed packages, unbuilt, outside the repository. */
import { formatAddress, type ActorAddress } from '@cambium/base'
import 'cambium'

const address: ActorAddress = { core: 1, slot: 2, generation: 3 }
if (formatAddress(address) !== 'core-1/2#3') throw new Error(`wrong address: ${formatAddress(address)}`)
console.log('consumer: ok')
