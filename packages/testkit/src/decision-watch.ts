/** Hands each decision of a supervisor to the run whose code made it, as long as simulations run (`@cambium/supervision`, its channel). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { decisions } from '@cambium/supervision'
import type { DecisionMade } from '@cambium/supervision'
import { simFrames } from './sim-context.ts'

let watchers = 0

/** The returned function ends it. */
export function watchDecisions(): () => void {
  if (watchers === 0) subscribe(decisions.name, onDecision)
  watchers += 1
  let isWatching = true
  return () => {
    if (!isWatching) return
    isWatching = false
    watchers -= 1
    if (watchers === 0) unsubscribe(decisions.name, onDecision)
  }
}

function onDecision(decision: unknown): void {
  simFrames.getStore()?.scope.decided(decision as DecisionMade)
}
