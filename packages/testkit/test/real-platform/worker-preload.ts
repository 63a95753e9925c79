/**
 * Loaded into every thread of a run on the real platform (`node --import`): the actors of a worker write their journal into the shared log, and
 * every so many messages one of them crashes as it takes one, until faults are over; the first one in any case. A run of chaos has a schedule of faults instead.
 */
import { getEnvironmentData, isMainThread } from 'node:worker_threads'
import { CambiumError } from '@cambium/base'
import { keepJournalsIn } from '../../src/workloads/journal-log.ts'
import { FaultSchedule } from './fault-schedule.ts'
import { SharedLog } from './shared-log.ts'

const TAKES_PER_CRASH = 40

export const LOG_KEY = 'cambium journal'
export const FAULTS_KEY = 'cambium faults'

const memory = getEnvironmentData(LOG_KEY)
if (!isMainThread && memory instanceof SharedArrayBuffer) {
  const log = new SharedLog(memory)
  const faults = getEnvironmentData(FAULTS_KEY)
  const schedule = faults instanceof SharedArrayBuffer ? new FaultSchedule(faults) : undefined
  keepJournalsIn({
    write(run, method, args) {
      const place = log.write(run, method, args)
      if (schedule !== undefined) schedule.pass(method === 'take')
      else if (method === 'take') {
        const takes = log.countTake()
        if (takes === TAKES_PER_CRASH || (takes % TAKES_PER_CRASH === 0 && !log.isCalm))
          throw new CambiumError('ERR_SIM_CRASH', 'crashed by the test', { severity: 'crash' })
      }
      return place
    },
    read: () => [],
  })
}
