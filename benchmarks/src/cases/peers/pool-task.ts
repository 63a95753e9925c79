/** The job of the pools: answers a question as the actors' server does, and counts it; without a question it gives the count. */
import { answerTo } from '../actors/ask-actors.ts'
import type { Answer, Question } from '../actors/ask-actors.ts'

let count = 0

export default function answer(question: Question | undefined): Answer | number {
  if (question === undefined) {
    const served = count
    count = 0
    return served
  }
  count += 1
  return answerTo(question)
}
