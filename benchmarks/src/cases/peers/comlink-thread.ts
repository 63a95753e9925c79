/** Entry of the worker that Comlink calls: it answers questions as the actors' server does, and counts them. */
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { answerTo } from '../actors/ask-actors.ts'
import type { Answer, Question } from '../actors/ask-actors.ts'
import { comlinkEndpoint } from './comlink-endpoint.ts'

export interface CallApi {
  call(question: Question): Answer
  /** Questions answered since it was last asked. */
  served(): number
}

let count = 0

const api: CallApi = {
  call(question) {
    count += 1
    return answerTo(question)
  },
  served() {
    const served = count
    count = 0
    return served
  },
}

Comlink.expose(api, comlinkEndpoint(parentPort as MessagePort))
