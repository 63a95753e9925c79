/** Code made from strings: the only place that does so, and where it is found out whether that is allowed here. */

type Factory = (...context: unknown[]) => unknown

const FACTORIES_MAX = 1024
/**
 * By their sources: the peers of a core send the same layouts, and a function from the same factory is one that the engine has compiled and knows. Beyond
 * the maximum all are forgotten.
 */
const factories = new Map<string, Factory>()

/** False under `--disallow-code-generation-from-strings`: nothing is compiled then, and every message travels by the general codec. */
export const canGenerateCode: boolean = probe()

/** A function whose source is `body`, with `context` at hand by its names. The body holds no text from outside but what went through {@link literal}. */
export function generate(body: string, context: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(context)
  const source = `${names.join()}\n${body}`
  let make = factories.get(source)
  if (make === undefined) {
    if (factories.size >= FACTORIES_MAX) factories.clear()
    // oxlint-disable-next-line typescript/no-implied-eval -- one function for each layout is what makes it fast
    make = new Function(...names, `'use strict'\n${body}`) as Factory
    factories.set(source, make)
  }
  return make(...Object.values(context))
}

/** A string as source text. */
export function literal(text: string): string {
  return JSON.stringify(text)
}

function probe(): boolean {
  try {
    return generate('return 1', {}) === 1
  } catch {
    return false
  }
}
