/** Code made from strings: the only place that does so, and where it is found out whether that is allowed here. */

/** False under `--disallow-code-generation-from-strings`: nothing is compiled then, and every message travels by the general codec. */
export const canGenerateCode: boolean = probe()

/** A function whose source is `body`, with `context` at hand by its names. The body holds no text from outside but what went through {@link literal}. */
export function generate(body: string, context: Readonly<Record<string, unknown>>): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- one function for each layout is what makes it fast
  return new Function(...Object.keys(context), `'use strict'\n${body}`)(...Object.values(context)) as unknown
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
