/**
 * Finds each line of a file to be code, comment or blank: whoever reads a token or a comment marks the line it is on, once for
 * every line that it spans. A line with both is code.
 */

export class LineCounter {
  #ended = 0
  #code = 0
  #comment = 0
  #hasCode = false
  #hasComment = false

  start(): void {
    this.#ended = this.#code = this.#comment = 0
    this.#hasCode = this.#hasComment = false
  }

  /** Lines that have ended, hence also the number of the current line, from 0. */
  get ended(): number {
    return this.#ended
  }

  get code(): number {
    return this.#code
  }

  /** Lines with a comment and nothing else. */
  get comment(): number {
    return this.#comment
  }

  markCode(): void {
    this.#hasCode = true
  }

  markComment(): void {
    this.#hasComment = true
  }

  end(): void {
    this.#ended++
    if (this.#hasCode) this.#code++
    else if (this.#hasComment) this.#comment++
    this.#hasCode = this.#hasComment = false
  }
}
