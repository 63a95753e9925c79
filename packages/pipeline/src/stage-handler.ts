/** The handler of a stage, as its module exports it: found, checked, and made if it has a maker. */
import type { BatchHandler, EventHandler, HandlerModule } from '@cambium/ring'
import { stageExportError, stageMakerError, stageModuleError, stagePromiseError } from './errors.ts'

/** What a maker is told about the stage it makes a handler for. */
export interface StageContext {
  readonly stage: string
  /** Of a pool's workers, which one: 0, 1 … */
  readonly worker: number
  /** As it was declared with the node. */
  readonly argument: unknown
}

/**
 * Makes a handler in its own thread: for handlers with state, or that have to open something first. A module exports it where it would
 * export a handler.
 */
export interface StageMaker<S> {
  create(context: StageContext): StageHandler<S> | Promise<StageHandler<S>>
}

/** A function for each record, or an object that is told more. */
export type StageHandler<S> = EventHandler<S> | BatchHandler<S>

/** How a module is imported. */
export type ImportModule = (url: string) => Promise<Readonly<Record<string, unknown>>>

/** @throws `ERR_STAGE_MODULE`, `ERR_STAGE_EXPORT`, `ERR_STAGE_MAKER`, `ERR_STAGE_PROMISE` */
export async function loadHandler<S>(
  module: HandlerModule,
  context: StageContext,
  importModule: ImportModule,
): Promise<StageHandler<S>> {
  const { stage } = context
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await importModule(module.url)
  } catch (error) {
    throw stageModuleError(stage, module, error)
  }
  const exported = Object.hasOwn(exports, module.name) ? exports[module.name] : undefined
  if (isHandler<S>(exported)) return checkSynchronous(stage, exported)
  if (!isMaker<S>(exported)) throw stageExportError(stage, module, exported)
  let made: unknown
  try {
    made = await exported.create(context)
  } catch (error) {
    throw stageMakerError(stage, module, error)
  }
  if (!isHandler<S>(made)) throw stageExportError(stage, module, made)
  return checkSynchronous(stage, made)
}

const METHODS = ['onEvent', 'onBatchStart', 'onTimeout', 'onStart', 'onShutdown', 'onError'] as const

/** What is declared `async` is refused before it has a record; what returns a promise all the same, when it does. */
function checkSynchronous<S>(stage: string, handler: StageHandler<S>): StageHandler<S> {
  if (isAsync(handler)) throw stagePromiseError(stage, 'onEvent')
  if (typeof handler === 'function') return handler
  const method = METHODS.find((name) => isAsync(handler[name]))
  if (method !== undefined) throw stagePromiseError(stage, method)
  return handler
}

function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AsyncFunction]'
}

function isHandler<S>(value: unknown): value is StageHandler<S> {
  return typeof value === 'function' || hasMethod(value, 'onEvent')
}

function isMaker<S>(value: unknown): value is StageMaker<S> {
  return hasMethod(value, 'create')
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function'
}
