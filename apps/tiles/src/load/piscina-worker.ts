/** A thread of the Piscina contender: the same drawing, with the fields it drew kept in the thread. */
import { move, workerData } from 'piscina'
import { ByteLru } from '../byte-lru.ts'
import { computeField } from '../escape-field.ts'
import { tileKey } from '../tile-address.ts'
import type { Picture } from '../tile-address.ts'
import { encodePicture } from '../tile-image.ts'

const { fieldBytes } = workerData as { readonly fieldBytes: number }
const fields = new ByteLru<Float32Array>(fieldBytes)

export default function draw({ tile, palette }: Picture): unknown {
  const key = tileKey(tile)
  const field = fields.get(key) ?? computeField(tile)
  fields.set(key, field)
  return move(encodePicture(field, palette))
}
