/**
 * Tells when the JavaScript of a thread is over. Its `exit` comes later: first its heap is given back, and what the engine compiles for it on other threads is
 * waited for, which on a busy machine takes longer than all else that a recovery needs.
 *
 * 1. The thread holds one end of a port, which nothing posts to and no code but this file's can reach, as long as it lives.
 * 2. Node closes the ports of a thread when it frees its environment: the stack is empty by then, and nothing may call into JavaScript any more (`Worker::Run`
 *    and `FreeEnvironment` in Node's sources). So a thread whose end is closed writes nothing any more.
 * 3. The root hears of that as the event `close` of the other end, by its event loop.
 */
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

/** This thread's end: closed by nobody but Node. */
const kept: MessagePort[] = []

/** On the thread itself. */
export function keepLife(life: MessagePort): void {
  kept.push(life)
}

/** On the root, for a new thread: the end that it is given. `over` is called once, when it runs no JavaScript any more. */
export function watchLife(over: () => void): MessagePort {
  const { port1, port2 } = new MessageChannel()
  port1.once('close', over)
  return port2
}
