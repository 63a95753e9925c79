/**
 * Every error this package throws or reports, in one table: match on `code`.
 *
 * | code | severity | when |
 * |---|---|---|
 * | `ERR_STAGE_MODULE` | crash | the module of a stage cannot be loaded; see `cause` |
 * | `ERR_STAGE_EXPORT` | mistake | the module exports no handler by that name |
 * | `ERR_STAGE_MAKER` | crash | the maker of a stage's handler threw; see `cause` |
 * | `ERR_STAGE_START` | crash | a stage was not ready in time |
 * | `ERR_STAGE_EXIT` | crash | the thread of a stage ended by itself |
 * | `ERR_STAGE_STUCK` | crash | a handler was at one record for too long, so its thread was ended |
 * | `ERR_STAGE_HOOK` | crash | `onStart`, `onBatchStart`, `onTimeout` or `onShutdown` of a handler threw; see `cause` |
 * | `ERR_STAGE_PROMISE` | mistake | a handler is asynchronous, or returned a promise |
 * | `ERR_PIPELINE_STAGE` | mistake | no stage has this name, or one has it already, or it cannot be run here |
 * | `ERR_PIPELINE_CLOSED` | mistake | the pipeline has ended |
 */
import { CambiumError } from '@cambium/base'
import type { HandlerModule } from '@cambium/ring'

export function stageModuleError(stage: string, { url }: HandlerModule, cause: unknown): CambiumError {
  return new CambiumError(
    'ERR_STAGE_MODULE',
    `module of a stage cannot be loaded: stage=${stage}, module=${url}, ${said(cause)}`,
    {
      severity: 'crash',
      cause,
      fields: { stage, url },
    },
  )
}

export function stageExportError(stage: string, { url, name }: HandlerModule, found: unknown): CambiumError {
  return new CambiumError(
    'ERR_STAGE_EXPORT',
    `module exports no handler by this name: stage=${stage}, module=${url}, export=${name}, type=${typeof found}, expected a function, ` +
      'an object with onEvent, or an object with create',
    { fields: { stage, url, name } },
  )
}

export function stageMakerError(stage: string, { url, name }: HandlerModule, cause: unknown): CambiumError {
  return new CambiumError(
    'ERR_STAGE_MAKER',
    `maker of a handler threw: stage=${stage}, module=${url}, export=${name}, ${said(cause)}`,
    { severity: 'crash', cause, fields: { stage, url, name } },
  )
}

export function stageStartError(stage: string, waitedMs: number): CambiumError {
  return new CambiumError('ERR_STAGE_START', `stage was not ready in time: stage=${stage}, waited=${waitedMs} ms`, {
    severity: 'crash',
    fields: { stage, waitedMs },
  })
}

export function stageExitError(stage: string, exitCode: number): CambiumError {
  return new CambiumError('ERR_STAGE_EXIT', `thread of a stage ended by itself: stage=${stage}, exitCode=${exitCode}`, {
    severity: 'crash',
    fields: { stage, exitCode },
  })
}

export function stageStuckError(stage: string, sequence: number, stuckMs: number): CambiumError {
  return new CambiumError(
    'ERR_STAGE_STUCK',
    `handler was at one record for too long: stage=${stage}, sequence=${sequence}, limit=${stuckMs} ms`,
    { severity: 'crash', fields: { stage, sequence, stuckMs } },
  )
}

export function stageHookError(stage: string, method: string, cause: unknown): CambiumError {
  return new CambiumError(
    'ERR_STAGE_HOOK',
    `handler threw outside of a record: stage=${stage}, method=${method}, ${said(cause)}`,
    {
      severity: 'crash',
      cause,
      fields: { stage, method },
    },
  )
}

export function stagePromiseError(stage: string, method: string): CambiumError {
  return new CambiumError(
    'ERR_STAGE_PROMISE',
    `handler is asynchronous, and nobody would wait for it: stage=${stage}, method=${method}, expected a function that returns no promise`,
    { fields: { stage, method } },
  )
}

export function pipelineStageError(cause: string, stage: string): CambiumError {
  return new CambiumError('ERR_PIPELINE_STAGE', `stage is wrong: ${cause}, stage=${stage}`, { fields: { cause, stage } })
}

export function pipelineClosedError(): CambiumError {
  return new CambiumError('ERR_PIPELINE_CLOSED', 'pipeline has ended')
}

function said(cause: unknown): string {
  return `error=${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`
}
