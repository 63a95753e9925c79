/**
 * A quick look that spares most messages the walk of `travel-check.ts`: true for plain objects and arrays, not deep and not large, of values
 * that msgpackr carries faithfully as they are. False says nothing: the walk then decides, and names the path of what cannot travel.
 */
const DEPTH_MAX = 8
/** Beyond it, the walk counts. */
const VALUES_MAX = 256

export function isSimpleMessage(message: unknown): boolean {
  try {
    return isSimple(message, 0)
  } catch {
    return false // a getter or a proxy threw: the walk will name it
  }
}

function isSimple(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'number':
      return value !== 0 || 1 / value > 0 // msgpackr loses the sign of -0
    case 'string':
      return value.isWellFormed()
    case 'boolean':
    case 'undefined':
      return true
    case 'object':
      if (value === null) return true
      if (depth >= DEPTH_MAX) return false
      return Array.isArray(value) ? isSimpleArray(value, depth) : isSimpleObject(value as Record<string, unknown>, depth)
    default:
      return false
  }
}

function isSimpleArray(values: readonly unknown[], depth: number): boolean {
  if (values.length > VALUES_MAX) return false
  for (let i = 0; i < values.length; i += 1) if (!isSimple(values[i], depth + 1)) return false
  return true
}

function isSimpleObject(value: Record<string, unknown>, depth: number): boolean {
  // By the accessor, which costs nothing in compiled code; a property of its own of that name is refused below. Where it was taken away, the walk decides.
  if (value['__proto__'] !== Object.prototype) return false
  let count = 0
  for (const key in value) {
    count += 1
    // The two names that mean something else to msgpackr than to anybody else.
    if (count > VALUES_MAX || key === '__proto__' || key === '__keys__' || !isSimple(value[key], depth + 1)) return false
  }
  return true
}
