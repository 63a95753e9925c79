/**
 * The stack of an error record, written out when it is first read. V8 notes where an error was made at once, and makes a text of it only for whoever
 * reads `stack`, which takes longer than the error and its record do, for a text that mostly nobody looks at. Until then the record keeps the error.
 *
 * The property is the record's own and enumerable, so that it is copied and sent like the others. What it is read from lies in a private field of the
 * record: a weak map would take a microsecond for each record, the field takes 20 ns.
 */

/** Makes the next class put its fields on an object that is there already. */
const Given = function given(record: object) {
  return record
} as unknown as new (record: object) => object

class LazyStack extends Given {
  #error: Error | undefined
  #stack = ''
  readonly #charsMax: number

  constructor(record: object, error: Error | undefined, charsMax: number) {
    super(record)
    this.#error = error
    this.#charsMax = charsMax
  }

  static isOn(value: object): boolean {
    return #error in value
  }

  static of(record: object): string {
    const lazy = record as LazyStack
    const error = lazy.#error
    if (error === undefined) return lazy.#stack
    lazy.#error = undefined
    try {
      lazy.#stack = cut(String(error.stack ?? ''), lazy.#charsMax)
    } catch {
      // An accessor of its own, or `Error.prepareStackTrace`, that throws: there is no stack to be had.
    }
    return lazy.#stack
  }
}

/** One getter for all, so that all records are of one shape. */
const STACK: PropertyDescriptor = {
  get(this: object) {
    return LazyStack.of(this)
  },
  enumerable: true,
}

/** Gives `record` the stack of `error`, of which `charsMax` characters are kept; that of nothing is empty. */
export function keepStack(record: object, error: Error | undefined, charsMax: number): void {
  void new LazyStack(record, error, charsMax)
  Object.defineProperty(record, 'stack', STACK)
}

/** Whether {@link keepStack} was called for it. */
export function hasKeptStack(value: object): boolean {
  return LazyStack.isOn(value)
}

/** A text that is too long ends with `…`. */
export function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`
}
