/** Node's own timers, clocks and randomness in the hands of simulated actors; and what no simulation has a hold on. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MessageChannel } from 'node:worker_threads'
import { defineActor } from '@cambium/actor'
import type { CambiumError } from '@cambium/base'
import { simulate } from '@cambium/testkit'
import type { RunReport } from '@cambium/testkit'
import { describe, expect, test, vi } from 'vitest'

const run = async (body: (log: unknown[]) => unknown, seed = 1): Promise<{ log: unknown[]; report: RunReport }> => {
  const log: unknown[] = []
  const actor = defineActor<undefined, 'go', unknown, null>(import.meta.url, 'body', {
    init: () => null,
    async receive(_state, _message, context) {
      context.reply(await body(log))
    },
  })
  const [report] = await simulate(
    async (sim) => {
      const ref = await sim.spawn(actor, undefined, { core: 1 })
      await ref.ask('go', { timeoutMs: 600_000 })
      await sim.advance('1m')
    },
    { seed },
  )
  return { log, report: report as RunReport }
}

describe('timers', () => {
  test('fire in the order of virtual time', async () => {
    const { log } = await run(async (seen) => {
      const began = Date.now()
      const at = (what: string) => () => seen.push([what, Date.now() - began])
      setTimeout(at('30 s'), 30_000)
      setTimeout(at('5 ms'), 5)
      setImmediate(at('now'))
      setTimeout(at('none'))
      const interval = setInterval(at('each 10 s'), 10_000)
      setTimeout(() => {
        clearInterval(interval)
      }, 25_000)
      clearTimeout(setTimeout(at('never'), 1))
      clearTimeout(Number(setTimeout(at('never'), 1)))
      await sleep(40_000)
    })
    expect(log).toEqual([
      ['now', 0],
      ['none', 1],
      ['5 ms', 5],
      ['each 10 s', 10_000],
      ['each 10 s', 20_000],
      ['30 s', 30_000],
    ])
  })

  test('pass arguments, refresh, and answer like Node’s', async () => {
    const { log } = await run(async (seen) => {
      setTimeout((...args: unknown[]) => seen.push(args), 1, 'a', 2)
      const timeout = setTimeout(() => seen.push('refreshed'), 10)
      await sleep(6)
      timeout.refresh()
      await sleep(6)
      seen.push('not yet', timeout.hasRef(), timeout.unref().hasRef())
      await sleep(6)
      seen.push(await promisify(setTimeout)(1, 'promised'))
      const none: unknown = undefined
      expect(() => setInterval(none as () => void)).toThrow(TypeError)
    })
    expect(log).toEqual([['a', 2], 'not yet', true, false, 'refreshed', 'promised'])
  })

  test('let promises settle between two callbacks of one time', async () => {
    const { log } = await run(async (seen) => {
      for (const name of ['first', 'second']) {
        setTimeout(() => {
          seen.push(name)
          void Promise.resolve().then(() => seen.push(`after ${name}`))
        }, 5)
      }
      await sleep(10)
    })
    expect(log).toEqual(['first', 'after first', 'second', 'after second'])
  })

  test('as promises: values, signals, iteration', async () => {
    const { log } = await run(async (seen) => {
      seen.push(await sleep(5, 'value'))
      const controller = new AbortController()
      const aborted = sleep(1000, undefined, { signal: controller.signal }).catch((error: unknown) => (error as Error).name)
      controller.abort()
      seen.push(await aborted)
      const began = performance.now()
      for await (const tick of ticks(100, 'tick')) {
        seen.push(tick)
        if (performance.now() - began > 250) break
      }
      const signal = AbortSignal.timeout(50)
      await sleep(60)
      seen.push(signal.aborted, (signal.reason as Error).name)
    })
    expect(log).toEqual(['value', 'AbortError', 'tick', 'tick', 'tick', true, 'TimeoutError'])
  })

  test('end with the core that set them', async () => {
    const fired: string[] = []
    const beating = defineActor<string, never, never, null>(import.meta.url, 'beating', {
      init(name) {
        setInterval(() => fired.push(name), 100)
        return null
      },
      receive() {},
    })
    await simulate(async (sim) => {
      await sim.spawn(beating, 'kept', { core: 1 })
      await sim.spawn(beating, 'lost', { core: 2, restart: 'temporary' })
      await sim.advance(250)
      sim.killCore(2)
      await sim.advance(1000)
    })
    expect(fired.filter((name) => name === 'lost')).toHaveLength(2)
    expect(fired.filter((name) => name === 'kept').length).toBeGreaterThanOrEqual(12)
  })
})

describe('clocks', () => {
  test('are virtual, and agree', async () => {
    const { log } = await run(async (seen) => {
      const began = { date: Date.now(), precise: performance.now(), nanos: process.hrtime.bigint(), pair: process.hrtime() }
      await sleep(1500)
      const pair = process.hrtime(began.pair)
      seen.push(
        Date.now() - began.date,
        Math.round(performance.now() - began.precise),
        Number((process.hrtime.bigint() - began.nanos) / 1_000_000n),
        pair[0],
        Math.round(pair[1] / 1e6),
      )
      seen.push(new Date().getFullYear(), new Date() instanceof Date, Number(new Date(5)), typeof Date(), Date.UTC(1970, 0))
    })
    expect(log).toEqual([1500, 1500, 1500, 1, 500, 2000, true, 5, 'string', 0])
  })

  test('are real for everybody else, and again afterwards', async () => {
    const before = [globalThis.setTimeout, globalThis.Date, Object.getOwnPropertyDescriptor(performance, 'now'), Math.random]
    await run(() => {})
    expect([globalThis.setTimeout, globalThis.Date, Object.getOwnPropertyDescriptor(performance, 'now'), Math.random]).toEqual(
      before,
    )
    expect(Date.now()).toBeGreaterThan(1_700_000_000_000)
  })

  test('work beside a test runner’s own fake timers', async () => {
    vi.useFakeTimers()
    try {
      const { log } = await run(async (seen) => {
        await sleep(1000)
        seen.push('slept')
      })
      expect(log).toEqual(['slept'])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('randomness', () => {
  const draw = (seen: unknown[]): void => {
    seen.push(Math.random(), randomUUID(), crypto.randomUUID(), randomBytes(4).toString('hex'), randomInt(1000), [
      ...crypto.getRandomValues(new Uint16Array(2)),
    ])
  }

  test('is the seed’s', async () => {
    const first = await run(draw, 4)
    expect((await run(draw, 4)).log).toEqual(first.log)
    expect((await run(draw, 5)).log).not.toEqual(first.log)
    expect(first.log[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(first.report.nonDeterministic).toEqual([])
  })
})

describe('what is outside', () => {
  const warned = async (work: () => Promise<unknown>): Promise<string[]> => {
    const warnings: string[] = []
    const listener = (warning: Error): void => {
      if (warning.name === 'SimulationWarning') warnings.push(warning.message)
    }
    process.on('warning', listener)
    try {
      await work()
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    } finally {
      process.off('warning', listener)
    }
    return warnings
  }

  test('files are read with the clock standing still, and reported once', async () => {
    let report: RunReport | undefined
    const warnings = await warned(async () => {
      const result = await run(async (seen) => {
        const before = performance.now()
        const setting = setTimeout(() => seen.push('too early'), 1)
        seen.push((await readFile(import.meta.filename, 'utf8')).includes('standing still'))
        for (let i = 0; i < 50; i += 1) await readFile(import.meta.filename)
        clearTimeout(setting)
        seen.push(performance.now() - before < 1)
      })
      ;({ report } = result)
      expect(result.log).toEqual([true, true])
    })
    expect(report?.nonDeterministic).toEqual(['files'])
    expect(warnings).toEqual(['simulation is not deterministic: it has no hold on files'])
  })

  test('sockets are reported', async () => {
    const { report } = await run(
      () =>
        new Promise((resolve) => {
          connect(1, '127.0.0.1').on('error', () => {
            resolve(undefined)
          })
        }),
    )
    expect(report.nonDeterministic).toContain('sockets')
  })

  test('requests are reported, also over a socket that is there already', async () => {
    const server = createServer((_request, response) => response.end('here'))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as AddressInfo
    try {
      for (let i = 0; i < 2; i += 1) {
        const { log, report } = await run(async (seen) => {
          seen.push(await (await fetch(`http://127.0.0.1:${port}/`)).text())
        })
        expect(log).toEqual(['here'])
        expect(report.nonDeterministic).toContain('sockets')
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('message ports are reported', async () => {
    const { log, report } = await run(async (seen) => {
      const { port1, port2 } = new MessageChannel()
      const came = new Promise((resolve) => {
        port1.once('message', resolve)
      })
      port2.postMessage('hello')
      seen.push(await came, structuredClone('not a port'))
      port1.close()
    })
    expect(log).toEqual(['hello', 'not a port'])
    expect(report.nonDeterministic).toEqual(['message ports'])
  })

  test('offloaded jobs run in this thread, in virtual time, and are reported', async () => {
    const offloading = defineActor<undefined, number, number, null>(import.meta.url, 'offloading', {
      init: () => null,
      async receive(_state, message, context) {
        context.reply(await context.offload<number>(new URL('fixtures/slow-job.ts', import.meta.url), 'double', message))
      },
    })
    const [report] = await simulate(async (sim) => {
      const ref = await sim.spawn(offloading, undefined)
      expect(await ref.ask(21)).toBe(42)
    })
    expect(report?.nonDeterministic).toEqual(['offloaded jobs'])
  })

  test('an offloaded job that is aborted is not run, or not waited for, as on a thread of its own', async () => {
    const aborting = defineActor<undefined, 'before' | 'in time' | 'too late', string, null>(import.meta.url, 'aborting', {
      init: () => null,
      async receive(_state, when, context) {
        const controller = new AbortController()
        const reason = new Error('enough')
        if (when === 'before') controller.abort(reason)
        const job = when === 'too late' ? 'never' : 'double'
        const done = context.offload<number>(new URL('fixtures/slow-job.ts', import.meta.url), job, 21, controller)
        if (when === 'in time') queueMicrotask(() => controller.abort(reason))
        if (when === 'too late') setTimeout(() => controller.abort(reason), 1000)
        context.reply(
          await done.then(String, (error: unknown) => {
            const { code, cause } = error as CambiumError
            return `${code} ${cause === reason}`
          }),
        )
      },
    })
    await simulate(async (sim) => {
      const ref = await sim.spawn(aborting, undefined)
      expect(await ref.ask('before')).toBe('ERR_OFFLOAD_ABORTED true')
      expect(await ref.ask('in time')).toBe('ERR_OFFLOAD_ABORTED false')
      expect(await ref.ask('too late')).toBe('ERR_OFFLOAD_ABORTED false')
    })
  })

  test('an actor that is under control is not', async () => {
    const { report } = await run(async (seen) => {
      await sleep(10)
      seen.push(Math.random())
      console.debug('not a file, not a socket')
    })
    expect(report.nonDeterministic).toEqual([])
  })
})
