/** Bugs that are planted into the runtime, one at a time, to see whether the simulator finds them. Each is a patch of one place in a source file. */
import type { FaultKind } from '../../src/index.ts'

export interface PlantedBug {
  readonly name: string
  /** What would be wrong. */
  readonly what: string
  /** Below `packages/`. */
  readonly file: string
  /** Occurs once in the file; runs of white space match any other. */
  readonly find: string
  readonly replace: string
  /** It must be found within so many runs of each workload. */
  readonly runsMax: number
  /**
   * What alone finds it: one of the oracles that always run, among actors that check nothing (`strangers.ts`), or a kind of fault. With that switched
   * off, as many runs find nothing.
   */
  readonly only?: { readonly oracle?: 'order' | 'supervision' | 'stops' | 'asks' | 'mailboxes'; readonly fault?: FaultKind }
}

const RECORD_LANE = 'scheduler/src/record-lane.ts'
const DISPATCHER = 'scheduler/src/dispatcher.ts'
const MAILBOX_ENTRY = 'scheduler/src/mailbox-entry.ts'
const ACTOR_END = 'scheduler/src/actor-end.ts'
const CORE = 'scheduler/src/core.ts'
const SETTLEMENT = 'runtime/src/core-settlement.ts'

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'skip-publish',
    what: 'seven records that wait to be published are not, until an eighth comes',
    file: RECORD_LANE,
    find: 'const records = this.#pending',
    replace: 'if (this.#pending === 7) return\n    const records = this.#pending',
    runsMax: 20,
  },
  {
    name: 'drop-wake-up',
    what: 'the consumer is not rung after a publish',
    file: RECORD_LANE,
    find: 'this.#bell.ring()',
    replace: '',
    runsMax: 20,
  },
  {
    name: 'overtake',
    what: 'a message from a ring goes straight to its actor past what waits in the mailbox',
    file: DISPATCHER,
    find: '(cell.mailbox === undefined || cell.mailbox.length === 0)',
    replace: 'true',
    runsMax: 20,
  },
  {
    name: 'stop-oldest-first',
    what: 'children of an actor are stopped the oldest first',
    file: ACTOR_END,
    find: '[...children].at(-1)',
    replace: '[...children].at(0)',
    runsMax: 20,
  },
  {
    name: 'shutdown-in-start-order',
    what: 'a system stops its actors in the order in which they were started',
    file: 'runtime/src/system.ts',
    find: '.actors.reverse()',
    replace: '.actors',
    runsMax: 20,
  },
  {
    name: 'stop-out-of-turn',
    what: 'an actor whose restart is under way when the system begins to stop is stopped before its turn (found by the simulator, once)',
    file: 'runtime/src/root.ts',
    find: 'this.#isStopping && address === undefined',
    replace: 'this.#isStopping',
    runsMax: 600,
  },
  {
    name: 'restart-before-stop',
    what: 'a group does not wait for the end of a sibling before it goes on with its restart',
    file: 'runtime/src/root.ts',
    find: 'this.#stop(actor, shutdown, true, done)',
    replace: "this.#stop(actor, shutdown, true, () => {})\n    done({ kind: 'shutdown' })",
    runsMax: 20,
  },
  {
    name: 'leak-timer',
    what: 'the timers of an ended incarnation stay in the wheel',
    file: ACTOR_END,
    find: 'timer.isCancelled = true\n        this.#host.wheel.cancel(timer)',
    replace: 'timer.isCancelled = true',
    runsMax: 50,
  },
  {
    name: 'timer-of-old-incarnation',
    what: 'a timer message that waited through a restart reaches the new incarnation',
    file: DISPATCHER,
    find: 'if (timer.isCancelled || timer.incarnation !== cell.incarnation) return',
    replace: '',
    runsMax: 200,
  },
  {
    name: 'count-twice',
    what: 'messages of timers are counted as processed though they were never sent',
    file: DISPATCHER,
    find: 'if (isCounted) this.#host.books[PROCESSED]',
    replace: 'this.#host.books[PROCESSED]',
    runsMax: 20,
  },
  {
    name: 'forget-backpressure',
    what: 'a full mailbox is not announced',
    file: MAILBOX_ENTRY,
    find: 'mailbox.pushAs(priority, message, beside)\n    if (mailbox.length >= cell.capacity &&',
    replace: 'mailbox.pushAs(priority, message, beside)\n    if (mailbox.length >= cell.capacity * 1000 &&',
    runsMax: 50,
  },
  {
    name: 'forget-relief',
    what: 'who waits for a mailbox is not told that it has room again',
    file: MAILBOX_ENTRY,
    find: 'this.#tellShed(cell)\n    this.#host.relieved(cell)',
    replace: 'this.#tellShed(cell)',
    runsMax: 50,
  },
  {
    name: 'restart-past-intensity',
    what: 'a group bears more restarts than it was given',
    file: 'runtime/src/supervisor-host.ts',
    find: 'createSupervisorDriver<Actor>(flags, specs, {',
    replace: 'createSupervisorDriver<Actor>({ ...flags, intensity: (flags.intensity ?? 3) + 1 }, specs, {',
    runsMax: 20,
  },
  {
    name: 'forget-release',
    what: 'the room of records that were read does not go back to the producer',
    file: 'scheduler/src/intake.ts',
    find: 'if (lane.release()) this.#host.gaveRoom()',
    replace: '',
    runsMax: 20,
  },
  {
    name: 'lose-in-hand',
    what: 'the record in hand of a dead core is not accounted for',
    file: SETTLEMENT,
    find: "lane('in_hand', handCount)",
    replace: '',
    runsMax: 50,
  },
  {
    name: 'lose-heap',
    what: 'what the heap of a dead core held is not accounted for',
    file: SETTLEMENT,
    find: "lane('lost_with_core', lost)",
    replace: '',
    runsMax: 50,
  },
  {
    name: 'trust-stale-books',
    what: 'the books of a dead core are taken as they are, though it died between a publish and its count',
    file: SETTLEMENT,
    find: 'recoverBooks(memory, core)',
    replace: '',
    runsMax: 200,
  },
  {
    name: 'redeliver-in-hand',
    what: 'the successor of a core reads the record in hand once more',
    file: 'ring/src/spsc-consumer.ts',
    find: 'this.position = hand.end\n    this.#end = hand.end\n    this.#published = hand.end',
    replace: 'this.position = hand.start\n    this.#end = hand.start\n    this.#published = hand.start',
    runsMax: 200,
  },
  {
    name: 'adopt-wrong-generation',
    what: 'the successor of a core gives adopted slots another generation',
    file: 'scheduler/src/lifecycle.ts',
    find: 'slot: each.slot, generation: each.generation }',
    replace: 'slot: each.slot, generation: each.generation + 1 }',
    runsMax: 50,
  },
  {
    name: 'reuse-address',
    what: 'a slot is given to another actor with the generation of the one before',
    file: 'scheduler/src/slot-table.ts',
    find: '(Atomics.load(this.#generation, 0) + 1) | 0',
    replace: 'Atomics.load(this.#generation, 0) || 1',
    runsMax: 20,
  },
  {
    name: 'answer-another-asker',
    what: 'a reply goes to the ask that has waited longest',
    file: 'scheduler/src/asks.ts',
    find: 'const ask = this.#byCorrelation.get(correlation)\n    if (ask !== undefined) this.#byCorrelation.delete(correlation)',
    replace:
      'const [first, ask] = [...this.#byCorrelation][0] ?? [correlation, undefined]\n    this.#byCorrelation.delete(first)',
    runsMax: 50,
  },
  {
    name: 'forget-mailbox',
    what: 'what waited for an actor that ended for good disappears',
    file: ACTOR_END,
    find: "this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message })",
    replace: '',
    runsMax: 50,
  },
  {
    name: 'obey-old-signals',
    what: 'a successor obeys signals that were meant for its predecessor',
    file: 'scheduler/src/control-intake.ts',
    find: "outcome === 'record' && lane.record.a === this.#epoch",
    replace: "outcome === 'record'",
    runsMax: 200,
  },
  {
    name: 'open-too-early',
    what: 'a successor takes messages before its slots are adopted',
    file: CORE,
    find: 'this.#isOpen = options.isOpen ?? true',
    replace: 'this.#isOpen = true',
    runsMax: 200,
  },
  {
    name: 'forget-undecodable',
    what: 'a message that cannot be decoded disappears',
    file: 'scheduler/src/intake.ts',
    find: "deadLetters.bury(isLost ? 'lost_with_core' : 'not_decodable', cell, { name: cell.name, detail: String(error) })",
    replace: '',
    runsMax: 50,
  },
  {
    name: 'count-refused',
    what: 'a message that its encoder refuses is counted as sent',
    file: 'scheduler/src/sender.ts',
    find: 'const bytes = this.#encode(message, target.layouts)\n    count(this.#host.books, SENT)\n    this.#post(target',
    replace: 'count(this.#host.books, SENT)\n    const bytes = this.#encode(message, target.layouts)\n    this.#post(target',
    runsMax: 50,
  },
  {
    name: 'forget-refused-asker',
    what: 'who asked is told nothing when the answer cannot be encoded',
    file: 'scheduler/src/replies.ts',
    find: 'this.replyError(asker, error as Error)\n      throw error\n    }\n    this.#writeReply',
    replace: 'throw error\n    }\n    this.#writeReply',
    runsMax: 200,
  },
  {
    name: 'shapes-anew',
    what: 'the successor of a core numbers its shapes as if there were none',
    file: 'codec/src/general-encoder.ts',
    find: 'const known = area.read(0, area.publishedBytes())',
    replace: 'const known = area.read(0, 0)',
    runsMax: 50,
  },
  {
    name: 'layouts-anew',
    what: 'the successor of a core numbers its layouts as if there were none',
    file: 'codec/src/entry-writer.ts',
    find: 'area.read(0, area.publishedBytes())',
    replace: 'area.read(0, 0)',
    runsMax: 50,
  },
  {
    name: 'grow-askew',
    what: 'a mailbox that grows while its oldest message is not at the front puts the newer ones first',
    file: 'actor/src/message-queue.ts',
    find: 'const from = ((this.#head + i) & this.#mask) << 1\n      entries[i << 1]',
    replace: 'const from = i << 1\n      entries[i << 1]',
    runsMax: 50,
    only: { oracle: 'order' },
  },
  {
    name: 'grow-askew-when-large',
    what: 'the same, but only in a mailbox with more than 500 messages',
    file: 'actor/src/message-queue.ts',
    find: 'const from = ((this.#head + i) & this.#mask) << 1\n      entries[i << 1]',
    replace: 'const from = (size >= 512 ? i : (this.#head + i) & this.#mask) << 1\n      entries[i << 1]',
    runsMax: 200,
    only: { fault: 'storm' },
  },
  {
    name: 'rest-for-all',
    what: 'rest_for_one restarts those before the one that ended as well',
    file: 'supervision/src/restart.ts',
    find: "strategy === 'rest_for_one' ?",
    replace: "strategy === 'rest_for_one' && false ?",
    runsMax: 20,
    only: { oracle: 'supervision' },
  },
  {
    name: 'stop-children-oldest-first',
    what: 'children of an actor are stopped the oldest first, seen among actors that do not look',
    file: ACTOR_END,
    find: '[...children].at(-1)',
    replace: '[...children].at(0)',
    runsMax: 20,
    only: { oracle: 'stops' },
  },
  {
    name: 'end-in-start-order',
    what: 'a system stops its actors in the order in which they were started, seen among actors that do not look',
    file: 'runtime/src/system.ts',
    find: '.actors.reverse()',
    replace: '.actors',
    runsMax: 20,
    only: { oracle: 'stops' },
  },
  {
    name: 'flood-past-full',
    what: 'a full mailbox is not announced, seen among actors that do not count',
    file: MAILBOX_ENTRY,
    find: 'mailbox.pushAs(priority, message, beside)\n    if (mailbox.length >= cell.capacity &&',
    replace: 'mailbox.pushAs(priority, message, beside)\n    if (mailbox.length >= cell.capacity * 1000 &&',
    runsMax: 50,
    only: { oracle: 'mailboxes' },
  },
  {
    name: 'fail-young-asks',
    what: 'when a core has died, asks that its successor has taken fail with those that it took itself',
    file: 'scheduler/src/root-orders.ts',
    find: '|| ask.position > upTo',
    replace: '',
    runsMax: 600,
    only: { oracle: 'asks' },
  },
  {
    name: 'overtake-signals',
    what: 'messages go on while a signal that was sent before them waits for room',
    file: RECORD_LANE,
    find: 'if (this.#ahead !== undefined && this.#ahead.queued > 0) return',
    replace: '',
    runsMax: 50,
    only: { fault: 'lateSignal' },
  },
]
