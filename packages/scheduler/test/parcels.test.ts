/** The protocol of parcels (`src/parcels.ts`): order, death of either end, what is lost and what is not; every interleaving of small programs. */
import { describe, expect, test } from 'vitest'
import type { ParcelPost, PostedParcel } from '@cambium/base'
import { Parcel } from '@cambium/codec'
import { ParcelReceiver, PARCELS_MAX, ParcelSender } from '../src/parcels.ts'
import type { ParcelOutcome } from '../src/parcels.ts'

/** Two ends of one way; replaced as the platform replaces it when one of them dies. */
class Wire {
  epoch = 0
  isConnected = true
  #ways: PostedParcel[][] = [[]]

  readonly post: ParcelPost = {
    post: (_peer, parcel) => {
      if (this.isConnected) this.#ways.at(-1)?.push(parcel)
      return this.isConnected
    },
    receive: () => {
      while (this.#ways.length > 1 && this.#ways[0]?.length === 0) this.#ways.shift()
      return this.#ways[0]?.shift()
    },
  }

  /** The receiver's end dies with all that lies in it. */
  cut(): void {
    this.#ways = [[]]
    this.isConnected = false
  }

  /** A new sender has a way of its own, behind what its predecessor posted. */
  newWay(): void {
    this.#ways.push([])
  }

  sender(): ParcelSender {
    return new ParcelSender(this.post, 1, 0, this.epoch)
  }

  receiver(): ParcelReceiver {
    return new ParcelReceiver(this.post, 0, () => this.epoch)
  }
}

const shared = (): Parcel => new Parcel([new SharedArrayBuffer(8)], [])
const moved = (): Parcel => new Parcel([new ArrayBuffer(8)], [])
const kindOf = (outcome: ParcelOutcome): string => (typeof outcome === 'string' ? outcome : 'buffers')

test('a parcel is there when its record is, and is taken once', () => {
  const wire = new Wire()
  const [sender, receiver] = [wire.sender(), wire.receiver()]
  const parcel = shared()
  const id = sender.send(parcel)
  expect(receiver.take(0, id)).toEqual(parcel.buffers)
  expect(receiver.waiting).toBe(0)
})

test('what lies before the parcel of a record belonged to records that nobody will see', () => {
  const wire = new Wire()
  const [sender, receiver] = [wire.sender(), wire.receiver()]
  const ids = [1, 2, 3].map(() => sender.send(shared()))
  expect(kindOf(receiver.take(0, ids[2]!))).toBe('buffers')
  expect(receiver.waiting).toBe(0)
  expect(receiver.take(0, ids[0]!)).toBe('pending') // never asked in life: records come in order
})

test('the sender keeps it until the receiver has given back the room of its record', () => {
  const wire = new Wire()
  const sender = wire.sender()
  sender.send(shared())
  sender.written(100)
  sender.send(shared())
  sender.trim(99)
  expect(sender.kept).toBe(2)
  sender.trim(100)
  expect(sender.kept).toBe(1)
  sender.trim(1e9) // the record of the second is not written
  expect(sender.kept).toBe(1)
})

test('D5 no more than so many are on their way', () => {
  const sender = new Wire().sender()
  for (let i = 0; i < PARCELS_MAX; i += 1) {
    expect(sender.isFull).toBe(false)
    sender.send(shared())
    sender.written(i)
  }
  expect(sender.isFull).toBe(true)
  sender.trim(0)
  expect(sender.isFull).toBe(false)
})

describe('the receiver dies', () => {
  test('what is shared is posted again to its successor, which waits for it; what was moved is lost', () => {
    const wire = new Wire()
    const sender = wire.sender()
    const ids = [sender.send(shared()), sender.send(moved()), sender.send(shared())]
    wire.cut()
    const receiver = wire.receiver()
    expect(receiver.take(0, ids[0]!)).toBe('pending')
    const late = sender.send(moved()) // while there is no way: it has not been moved to anybody yet
    wire.isConnected = true
    sender.connected()
    expect([...ids, late].map((id) => kindOf(receiver.take(0, id)))).toEqual(['buffers', 'lost', 'buffers', 'buffers'])
  })
})

describe('the sender dies', () => {
  test('what it had posted is there; what it had not is lost, and so is what it kept', () => {
    const wire = new Wire()
    const receiver = wire.receiver()
    const sender = wire.sender()
    const first = sender.send(shared())
    wire.isConnected = false
    const second = sender.send(shared())
    expect(kindOf(receiver.take(0, first))).toBe('buffers')
    expect(receiver.take(0, second)).toBe('pending') // it may only not be connected yet
    wire.epoch += 1
    expect(receiver.take(0, second)).toBe('lost')
  })

  test('a parcel that was posted without a record is dropped when its successor posts', () => {
    const wire = new Wire()
    const receiver = wire.receiver()
    wire.sender().send(shared())
    wire.epoch += 1
    wire.newWay()
    const id = wire.sender().send(shared())
    expect(kindOf(receiver.take(0, id))).toBe('buffers')
    expect(receiver.waiting).toBe(0)
  })

  test('a parcel that was posted without a record is dropped once nothing is left to read', () => {
    const wire = new Wire()
    const receiver = wire.receiver()
    const old = wire.sender()
    const published = old.send(shared())
    old.send(shared())
    wire.epoch += 1
    wire.newWay()
    const own = wire.sender().send(shared())
    expect(receiver.dropOrphans(() => false)).toBe(false) // the record of the first is still in the ring
    expect(kindOf(receiver.take(0, published))).toBe('buffers')
    expect(receiver.dropOrphans(() => true)).toBe(true)
    expect(receiver.waiting).toBe(1)
    expect(kindOf(receiver.take(0, own))).toBe('buffers')
  })

  test('records of the dead one are read with its parcels, those of the successor with its own', () => {
    const wire = new Wire()
    const receiver = wire.receiver()
    const old = wire.sender()
    const before = [old.send(shared()), old.send(shared())]
    wire.epoch += 1
    wire.newWay()
    const after = wire.sender().send(shared())
    expect([...before, after].map((id) => kindOf(receiver.take(0, id)))).toEqual(['buffers', 'buffers', 'buffers'])
  })
})

test('a number that no sender has given is unknown, at once or after the wait', () => {
  const wire = new Wire()
  wire.epoch = 3
  const [sender, receiver] = [wire.sender(), wire.receiver()]
  const id = sender.send(shared())
  expect(receiver.take(0, id - 1)).toBe('unknown') // older than what has come
  expect(receiver.take(0, id | (9 << 23))).toBe('unknown') // of a life that has not begun
  expect(receiver.take(0, 1)).toBe('lost') // of one that is over
  expect(kindOf(receiver.take(0, id + 1))).toBe('pending')
})

test('lives and numbers wrap', () => {
  const wire = new Wire()
  wire.epoch = 255
  const receiver = wire.receiver()
  const last = wire.sender().send(shared())
  expect(last).toBeGreaterThan(0)
  expect(-last | 0).toBe(-last)
  wire.epoch = 256
  const first = wire.sender().send(shared())
  expect([last, first].map((id) => kindOf(receiver.take(0, id)))).toEqual(['buffers', 'buffers'])
})

test('without any way nothing is waited for', () => {
  const receiver = new ParcelReceiver(undefined, 0, () => 0)
  const sender = new ParcelSender(undefined, 1, 0, 0)
  expect(receiver.take(0, sender.send(shared()))).toBe('unknown')
})

/** All orders of the steps of two programs. */
function* interleavings<T>(a: readonly T[], b: readonly T[]): Generator<readonly T[]> {
  if (a.length === 0 || b.length === 0) {
    yield [...a, ...b]
    return
  }
  for (const rest of interleavings(a.slice(1), b)) yield [a[0] as T, ...rest]
  for (const rest of interleavings(a, b.slice(1))) yield [b[0] as T, ...rest]
}

test('sender and receiver, the receiver replaced at any step: shared ones all arrive, in order, none twice', () => {
  const steps: readonly string[] = ['send', 'publish', 'send', 'publish', 'send', 'publish']
  const other: readonly string[] = ['take', 'die', 'up', 'connect', 'take', 'take', 'take']
  let programs = 0
  for (const program of interleavings(steps, other)) {
    programs += 1
    const wire = new Wire()
    const sender = wire.sender()
    let receiver: ParcelReceiver | undefined = wire.receiver()
    const ring: number[] = []
    let written = 0
    let consumed = 0
    const got: number[] = []
    const sent: number[] = []
    const take = (): void => {
      const id = ring[consumed]
      if (receiver === undefined || id === undefined) return
      const outcome = receiver.take(0, id)
      expect(outcome).not.toBe('lost')
      if (outcome === 'pending') return
      got.push(id)
      consumed += 1
    }
    let unpublished: number[] = []
    for (const step of program) {
      if (step === 'send') {
        const id = sender.send(shared())
        sent.push(id)
        written += 1
        sender.written(written)
        unpublished.push(id)
      } else if (step === 'publish') {
        ring.push(...unpublished)
        unpublished = []
        sender.trim(consumed)
      } else if (step === 'die') {
        receiver = undefined
        wire.cut()
      } else if (step === 'up') receiver = wire.receiver()
      else if (step === 'connect') {
        wire.isConnected = true
        sender.connected()
      } else take()
    }
    for (let i = 0; i < sent.length; i += 1) take()
    expect(got).toEqual(sent)
    sender.trim(consumed)
    expect([sender.kept, receiver?.waiting]).toEqual([0, 0])
  }
  expect(programs).toBe(1716)
})
