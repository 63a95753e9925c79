/** The path from a message to a part of it, as errors show it: `order.items[3].callback`. */

/** A property name, an index, or what leads into a Map, a Set or an Error. */
export type Step = string | number | { readonly text: string }

export function formatPath(steps: readonly Step[]): string {
  let text = ''
  for (const step of steps) {
    if (typeof step === 'number') text += `[${step}]`
    else if (typeof step === 'object') text += step.text
    else if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text === '' ? '(root)' : text
}

/** A key of a Map in a path. */
export function showKey(key: unknown, index: number): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key)
  return typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint' ? String(key) : `key(${index})`
}
