/** Attaches a core to its rings: the links to and from each of its peers. */
import type { ParcelPost } from '@cambium/base'
import { createEntryArea, createShapeArea } from '@cambium/codec'
import type { UnpackRef } from '@cambium/codec'
import { attachConsumer, attachProducer, createDoorbell } from '@cambium/ring'
import { InboundLink } from './inbound-link.ts'
import { OutboundLink } from './outbound-link.ts'
import { ParcelReceiver, ParcelSender } from './parcels.ts'
import type { PublishCount } from './record-lane.ts'
import type { CoreBlock, SystemMemory } from './system-memory.ts'

/** By core number; none to itself. `countOf` gives who counts what is published to a peer. */
export function linksTo(
  memory: SystemMemory,
  core: number,
  messageBytesMax: number,
  post: ParcelPost | undefined,
  countOf: (peer: number) => PublishCount,
): (OutboundLink | undefined)[] {
  const epoch = Atomics.load((memory.blocks[core] as CoreBlock).epoch, 0)
  return memory.blocks.map((block, peer) =>
    peer === core
      ? undefined
      : new OutboundLink({
          core: peer,
          source: core,
          block,
          bell: createDoorbell(block.bell),
          data: attachProducer(memory.dataRing(core, peer)),
          control: attachProducer(memory.controlRing(core, peer)),
          messageBytesMax,
          count: countOf(peer),
          parcels: (lane) => new ParcelSender(post, peer, lane, epoch),
        }),
  )
}

export function linksFrom(
  memory: SystemMemory,
  core: number,
  messageBytesMax: number,
  unpackRef: UnpackRef,
  post: ParcelPost | undefined,
): InboundLink[] {
  return memory.blocks.flatMap((block, peer) =>
    peer === core
      ? []
      : [
          new InboundLink({
            core: peer,
            data: attachConsumer(memory.dataRing(peer, core)),
            control: attachConsumer(memory.controlRing(peer, core)),
            shapes: createShapeArea(block.shapes),
            layouts: createEntryArea(block.layouts),
            messageBytesMax,
            unpackRef,
            parcels: new ParcelReceiver(post, peer, () => Atomics.load(block.epoch, 0)),
          }),
        ],
  )
}
