/**
 * The reference platform (R0.1): five domains under one supervisor, each a bulkhead. What fails in one is restarted there, by that domain's own
 * strategy, and at worst takes that domain with it; the others do not notice (R0.6).
 */
import { child, defineServer, defineSupervisor } from 'cambium'
import type { SupervisorSpec } from 'cambium'

export interface ServiceState {
  readonly name: string
  readonly handled: number
}

/** Stands for each of the services: it counts its work, and fails when it is told to. */
export const service = defineServer(import.meta.url, 'service', {
  init: (name: string): ServiceState => ({ name, handled: 0 }),
  step(state, input: 'work' | 'fail'): [ServiceState, string] {
    if (input === 'fail') throw new Error(`${state.name} failed`)
    const handled = state.handled + 1
    return [{ ...state, handled }, `${state.name} ${handled}`]
  },
})

type Domain = Pick<SupervisorSpec, 'strategy'> & { readonly services: readonly string[] }

export const DOMAINS: Readonly<Record<string, Domain>> = {
  // A service relies on those before it: what follows the one that failed begins anew with it.
  core: { strategy: 'rest_for_one', services: ['StorageCoordinator', 'CacheManager', 'TelemetryCollector'] },
  osint: { strategy: 'one_for_one', services: ['AdapterRegistry', 'SourceManager', 'MonitoringEngine'] },
  security: { strategy: 'one_for_one', services: ['ThreatAnalyzer', 'PerimeterScanner', 'ComplianceChecker'] },
  dd: { strategy: 'one_for_one', services: ['CaseManager', 'EntityResolver', 'PipelineCoordinator'] },
  evolution: { strategy: 'rest_for_one', services: ['MendelEngine', 'MycelialNetwork', 'FitnessEvaluator'] },
}

export const domain = defineSupervisor<string>(import.meta.url, 'domain', {
  init(name) {
    const { strategy, services } = DOMAINS[name] ?? { services: [] }
    return {
      ...(strategy === undefined ? {} : { strategy }),
      intensity: 3,
      periodMs: 5000,
      children: services.map((id) => child(service, id, { id })),
    }
  },
})

export const platform = defineSupervisor<Pick<SupervisorSpec, 'intensity' | 'periodMs'>>(import.meta.url, 'platform', {
  init: (limits) => ({
    strategy: 'one_for_one',
    ...limits,
    // Each domain on a core of its own, as far as there are so many.
    children: Object.keys(DOMAINS).map((name) => child(domain, name, { id: name, spread: true })),
  }),
})
