/** The order in which applications start, and that of their phases: what comes first in the list comes first, as far as what must come before it allows. */
import { CambiumError } from '@cambium/base'
import type { Application } from './define-application.ts'

/**
 * The applications that are to be started, each after those on which it depends. `running` are there already and are left out. Throws
 * `ERR_APPLICATION_DUPLICATE`, `ERR_NO_SUCH_APPLICATION`, `ERR_APPLICATION_CYCLE`.
 */
export function startOrder(applications: readonly Application[], running: ReadonlyMap<string, Application>): Application[] {
  const byName = new Map<string, Application>()
  for (const application of applications) {
    const { name } = application
    const other = byName.get(name) ?? running.get(name)
    if (other !== undefined && other !== application) {
      const message = `two applications have one name: application=${name}, modules=${other.module} and ${application.module}`
      throw new CambiumError('ERR_APPLICATION_DUPLICATE', message, { fields: { application: name } })
    }
    if (!running.has(name)) byName.set(name, application)
  }
  for (const { name, dependencies } of byName.values()) {
    for (const dependency of dependencies) {
      if (byName.has(dependency) || running.has(dependency)) continue
      const message = `application depends on one that is neither given nor running: application=${name}, dependency=${dependency}`
      throw new CambiumError('ERR_NO_SUCH_APPLICATION', message, { fields: { application: name, dependency } })
    }
  }
  const before = (name: string): readonly string[] => (byName.get(name)?.dependencies ?? []).filter((each) => byName.has(each))
  const order = sorted([...byName.keys()], before, (path) => {
    const message = `applications depend on each other in a circle: ${path.join(' → ')}`
    return new CambiumError('ERR_APPLICATION_CYCLE', message, { fields: { path } })
  })
  return order.map((name) => byName.get(name) as Application)
}

/**
 * The phases of all these applications in one order, which keeps that of each. Throws `ERR_APPLICATION_PHASES` when there is none, since they contradict
 * each other.
 */
export function phaseOrder(applications: readonly Application[]): string[] {
  const before = new Map<string, Set<string>>()
  for (const { phases } of applications) {
    phases.forEach((phase, at) => {
      const earlier = before.get(phase) ?? new Set()
      before.set(phase, earlier)
      if (at > 0) earlier.add(phases[at - 1] as string)
    })
  }
  return sorted(
    [...before.keys()],
    (phase) => [...(before.get(phase) as Set<string>)],
    (path) => {
      const message = `applications have their phases in orders that contradict each other: ${path.toReversed().join(' → ')}`
      return new CambiumError('ERR_APPLICATION_PHASES', message, { fields: { path: path.toReversed() } })
    },
  )
}

/** Each after those that are to come before it. A circle is told by its path, back to where it began. Without recursion: chains may be long. */
function sorted(
  names: readonly string[],
  before: (name: string) => readonly string[],
  circle: (path: string[]) => CambiumError,
): string[] {
  const order = new Set<string>()
  for (const name of names) {
    const path = [name]
    while (path.length > 0) {
      const last = path.at(-1) as string
      const next = before(last).find((each) => !order.has(each))
      if (next === undefined) {
        order.add(last)
        path.pop()
      } else if (path.includes(next)) throw circle([...path.slice(path.indexOf(next)), next])
      else path.push(next)
    }
  }
  return [...order]
}
