export { queuedAtMost, readBooks, sumBooks } from './books.ts'
export type { Books } from './books.ts'
export { COUNTER_LANES, deadLane, PUT, SENT, TAKEN } from './books.ts'
export { endsMessage, recoverBooks } from './books-recovery.ts'
export { ChildKeeper } from './child-keeper.ts'
export type { ChildListener, ChildStart } from './child-keeper.ts'
export { NAMES } from './directory-office.ts'
export type { DirectoryOffice } from './directory-office.ts'
export type { News } from './bond-signals.ts'
export type { ChannelReader } from './channel-reader.ts'
export type { ChannelWriter } from './channel-writer.ts'
export type { ManagerHands } from './manager-hands.ts'
export { Core } from './core.ts'
export type { CoreOptions } from './core.ts'
export type { AskCycle, CoreNews, CrashReport, LoadShed, TraceEvent } from './core-news.ts'
export type { ActorStatus, InspectOrder } from './inspection.ts'
export { LOG_EVENTS_MAX } from './observation.ts'
export type { ActorEvent, ActorStatistics } from './observation.ts'
export type { CoreReport } from './core-report.ts'
export type { Answer, CoreRequests } from './core-requests.ts'
export { HandlerInHand, leastBudgetMs, readHandler } from './handler-in-hand.ts'
export type { HandlerReading } from './handler-in-hand.ts'
export { assertArgumentTravels } from './local-message.ts'
export { createLayoutsAhead } from './layouts-ahead.ts'
export { messageInHand } from './message-in-hand.ts'
export type { MessageInHand } from './message-in-hand.ts'
export { isOwnedByRoot, OWNED_BY_ROOT } from './ownership.ts'
export type { Ownership } from './ownership.ts'
export type { SenderLimits } from './sender-host.ts'
export type { AdoptedSlot, BlamedActor, Signal, StartSpec, SupervisionNews } from './signals.ts'
export { checkHosted } from './ref-codec.ts'
export { INIT_TIMEOUT_MS_DEFAULT, RunContext } from './run-context.ts'
export {
  attachSystemMemory,
  CORE_DOWN,
  CORE_STARTING,
  CORE_STOPPING,
  CORE_UP,
  createSystemMemory,
  defaultDataRingBytes,
} from './system-memory.ts'
export type { CoreBlock, SystemMemory, SystemMemoryShape } from './system-memory.ts'
export { CallbackTimer, LookTimer, Timer, TimerWheel } from './timer-wheel.ts'
