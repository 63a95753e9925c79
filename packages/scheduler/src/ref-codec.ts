/** How the refs of one core travel: what its encoder takes, and what decoding makes of them. */
import { ActorRef, isRef } from '@cambium/actor'
import type { RefHost } from '@cambium/actor'
import { CambiumError, formatAddress } from '@cambium/base'
import { createDecoder, createEncoder, createEntryArea, createShapeArea } from '@cambium/codec'
import type { Decoder, Encoder, UnpackRef } from '@cambium/codec'

export interface RefHosts {
  readonly inside: RefHost
  readonly outside: RefHost
}

/** Throws `ERR_FOREIGN_REF` for a ref of another system: the same address is somebody else here. */
export function checkHosted(ref: ActorRef, { inside, outside }: RefHosts): void {
  if (ref.isHostedBy(inside) || ref.isHostedBy(outside)) return
  throw new CambiumError('ERR_FOREIGN_REF', `ref belongs to another system: ref=${formatAddress(ref)}`)
}

/** Where one core's encoder tells what its records leave out. */
export interface EncoderAreas {
  readonly shapes: Uint8Array
  readonly layouts: Uint8Array
}

/** The one encoder of a core, over its areas. A ref of another system is refused. */
export function createCoreEncoder(areas: EncoderAreas, hosts: () => RefHosts): Encoder {
  return createEncoder({
    area: createShapeArea(areas.shapes),
    layouts: createEntryArea(areas.layouts),
    isRef,
    packRef(value) {
      const ref = value as ActorRef
      checkHosted(ref, hosts())
      return ref
    },
  })
}

/** Makes refs of what records say, for use by actors of this core. */
export function refMaker(hosts: () => RefHosts): UnpackRef {
  return (core, slot, generation, _name, layouts) => new ActorRef(hosts().inside, core, slot, generation, layouts)
}

/** Copies values as sending them to another core would, through the core's own encoder; but the value stays whole. */
export class Copier {
  readonly #encoder: Encoder
  readonly #areas: EncoderAreas
  readonly #hosts: () => RefHosts
  /** Made at the first copy. */
  #decoder: Decoder | undefined = undefined

  constructor(encoder: Encoder, areas: EncoderAreas, hosts: () => RefHosts) {
    this.#encoder = encoder
    this.#areas = areas
    this.#hosts = hosts
  }

  /** Throws `ERR_CANNOT_TRAVEL`. */
  copy(value: unknown): unknown {
    this.#decoder ??= createDecoder({
      area: createShapeArea(this.#areas.shapes),
      layouts: createEntryArea(this.#areas.layouts),
      unpackRef: refMaker(this.#hosts),
    })
    const bytes = this.#encoder.encodeKept(value)
    const { layout, parcel } = this.#encoder
    parcel?.seize()
    return this.#decoder.decode(bytes, 0, bytes.length, layout, parcel?.buffers)
  }
}
