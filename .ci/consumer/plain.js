/** What a user's JavaScript program looks like; it runs against the packed packages, outside the repository. */
import { formatAddress } from '@cambium/base'
import 'cambium'

if (formatAddress({ core: 1, slot: 2, generation: 3 }) !== 'core-1/2#3') throw new Error('wrong address')
console.log('consumer: ok')
