/** Graphs of handlers over one ring, each handler a module on a thread of its own. */
export { startPipeline } from './pipeline.ts'
export type { Pipeline, PipelineReport, StageDeclaration, StageReport } from './pipeline.ts'
export type { DeathAction, DeathPolicy, PipelineOptions, StageDeath } from './pipeline-options.ts'
export type { StageContext, StageHandler, StageMaker } from './stage-handler.ts'
export type { StageTally, StageWait } from './stage-setting.ts'
