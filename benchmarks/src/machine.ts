/** The machine and the runtime a run took place on, as plain data. A figure without them says nothing. */
import os from 'node:os'

export interface Machine {
  readonly cpu: string
  /** Logical processors this process may use. */
  readonly cores: number
  readonly memoryBytes: number
  readonly os: string
  readonly arch: string
  readonly node: string
  readonly v8: string
  /** One-minute load average when the run began: above zero, something else was using the machine. */
  readonly loadAtStart: number
}

export function readMachine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() || 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    node: process.versions.node,
    v8: process.versions.v8,
    loadAtStart: os.loadavg()[0] ?? 0,
  }
}

export function formatMachine(machine: Machine): string {
  return (
    `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, ${machine.os} ${machine.arch}, ` +
    `Node ${machine.node} (V8 ${machine.v8}), load at start ${machine.loadAtStart.toFixed(2)}`
  )
}
