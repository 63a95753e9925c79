/** Monotonic milliseconds on a scale that all threads of the process share, so that a deadline means the same wherever its message goes. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
