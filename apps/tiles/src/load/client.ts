/** A closed loop: so many connections, each of which asks for the next path when it has its answer. Every answer is checked. */
import { Agent, get } from 'node:http'

export interface Run {
  readonly seconds: number
  /** Milliseconds of each request. */
  readonly latencies: readonly number[]
}

/** Throws when an answer is not 200, or has not the bytes that were seen for its path before; `seen` learns them. */
export async function runLoad(
  port: number,
  paths: readonly string[],
  connections: number,
  seen: Map<string, string>,
): Promise<Run> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  let next = 0
  const startedMs = performance.now()
  const connection = async (): Promise<void> => {
    while (next < paths.length) {
      const path = paths[next] as string
      next += 1
      const askedMs = performance.now()
      const answer = await fetchOnce(agent, port, path)
      latencies.push(performance.now() - askedMs)
      const known = seen.get(path)
      if (known === undefined) seen.set(path, answer)
      else if (known !== answer) throw new Error(`other bytes than before: path=${path}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, connection))
  } finally {
    agent.destroy()
  }
  return { seconds: (performance.now() - startedMs) / 1000, latencies }
}

/** A sum over the bytes of the body, and their number. */
function fetchOnce(agent: Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: '127.0.0.1', port, path }, (response) => {
      let sum = 0
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        // Not every byte: the client must not be what is measured.
        for (let at = (64 - (bytes % 64)) % 64; at < chunk.length; at += 64)
          sum = (Math.imul(sum, 31) + (chunk[at] as number)) | 0
        bytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(`${bytes}/${sum}`)
        else reject(new Error(`not served: path=${path}, status=${response.statusCode}`))
      })
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
