/**
 * The tile service: what `npm run tiles` runs. It prints its address and serves until SIGINT or SIGTERM, then answers what is open and ends.
 * Exit codes: 0 stopped on request, 1 could not start or failed, 2 wrong arguments, 130 and 143 a second signal cut it short.
 */
import { settleHeaps } from './heap-setting.ts'
import { EXIT_WRONG_ARGUMENTS, parseArguments } from './options.ts'
import { startService } from './service.ts'
import type { Service, ServiceOptions } from './service.ts'

const EXIT_FAILED = 1
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const
/** What comes within this time of the first signal is the same press of a key: npm passes on what the terminal has sent to us already. */
const SAME_PRESS_MS = 250

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2))
  if (parsed.kind === 'help') {
    process.stdout.write(`${parsed.text}\n`)
    return 0
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`${parsed.message}\n`)
    return EXIT_WRONG_ARGUMENTS
  }
  // Whoever reads us may have seen enough, like `head`.
  process.stdout.on('error', () => {})
  const signalled = firstSignal()
  settleHeaps()
  let service: Service
  try {
    service = await startService(parsed.options)
  } catch (error) {
    process.stderr.write(`tiles: ${reasonOf(error, parsed.options)}\n`)
    return EXIT_FAILED
  }
  process.stdout.write(`tiles: ${service.address} on ${parsed.options.cores} cores (Ctrl-C stops)\n`)
  const ended = await Promise.race([signalled, service.failed])
  if (ended instanceof Error) process.stderr.write(`tiles: ${ended.message}\n`)
  else process.stdout.write(`tiles: stopping on ${ended}\n`)
  await service.stop()
  return ended instanceof Error ? EXIT_FAILED : 0
}

/** Resolves with the first SIGINT or SIGTERM; a later one ends the process at once. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        firstAt ??= performance.now()
        if (performance.now() - firstAt < SAME_PRESS_MS) resolve(name)
        else process.exit(SIGNAL_EXITS[name])
      })
    }
  })
}

function reasonOf(error: unknown, { host, port }: ServiceOptions): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `something else listens there already: host=${host}, port=${port} (--port takes another)`
  if (code === 'EACCES') return `no permission to listen there: host=${host}, port=${port}`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN')
    return `this machine has no such address: host=${host}`
  return error instanceof Error ? error.message : String(error)
}

process.exitCode = await main()
