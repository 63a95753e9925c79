/** The workloads that there are, by name. */
import { banking, nomads, standard } from './banking.ts'
import { floods } from './floods.ts'
import { gallery } from './gallery.ts'
import { kinship } from './kinship.ts'
import { pipeline } from './pipeline.ts'
import { telephoneExchange } from './telephone.ts'
import { trees } from './trees.ts'
import type { Workload } from './workload.ts'

export const WORKLOADS: readonly Workload[] = [
  banking,
  nomads,
  telephoneExchange,
  pipeline,
  floods,
  trees,
  kinship,
  gallery,
  standard,
]

export function findWorkload(name: string): Workload | undefined {
  return WORKLOADS.find((workload) => workload.name === name)
}
