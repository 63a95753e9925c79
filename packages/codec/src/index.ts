export type { UnpackRef } from './boxed.ts'
export { createDecoder } from './decoder.ts'
export type { Decoder, DecoderOptions } from './decoder.ts'
export { createEntryArea } from './entry-area.ts'
export type { EntryArea } from './entry-area.ts'
export { createEncoder } from './encoder.ts'
export type { Encoder, EncoderOptions } from './encoder.ts'
export {
  checkMessageBytes,
  FRAGMENT_HEADER_BYTES,
  fragmentBytes,
  fragmentCount,
  MESSAGE_BYTES_MAX,
  readFragment,
  splitMessage,
  writeFragment,
} from './fragments.ts'
export type { Fragment } from './fragments.ts'
export { layoutMemory } from './layout-memory.ts'
export type { LayoutMemory } from './layout-memory.ts'
export { LAYOUTS_MAX } from './entry-writer.ts'
export { LAYOUT_AREA_BYTES } from './layout-writers.ts'
export { byTag, declareMessageLayouts, fitMessage, MessageLayouts } from './message-layouts.ts'
export type { AnyLayout, LayoutsFor, TaggedLayouts } from './message-layouts.ts'
export { closeMessage, keepMessage, MessageView } from './message-view.ts'
export { createReadAhead } from './read-ahead.ts'
export { createReassembler } from './reassembler.ts'
export type { Reassembler, ReassemblerOptions } from './reassembler.ts'
export { createShapeArea, SHAPE_AREA_BYTES, SHAPES_MAX } from './shape-area.ts'
export type { Shape, ShapeArea } from './shape-area.ts'
export { Parcel, PARCEL_BUFFERS_MAX, share, transfer, TRANSFER_BYTES_MIN } from './shared-data.ts'
export { assertTravels, DEPTH_MAX, VALUES_MAX } from './travel-check.ts'
export type { PackedRef } from './travel-check.ts'
