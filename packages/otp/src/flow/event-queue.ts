/** Events in the order of their arrival, taken from either end in constant time. Whoever fills it knows its bound. */

/** Places that were taken before the array is cut. */
const TAKEN_MAX = 1024

export class EventQueue<Event> {
  #events: Event[] = []
  #taken = 0

  get length(): number {
    return this.#events.length - this.#taken
  }

  /** The oldest, which stays. Look only when there is one. */
  get first(): Event {
    return this.#events[this.#taken] as Event
  }

  push(event: Event): void {
    this.#events.push(event)
  }

  /** The oldest. Call it only when there is one. */
  shift(): Event {
    const event = this.#events[this.#taken] as Event
    this.#taken += 1
    if (this.#taken === this.#events.length) {
      this.#events = []
      this.#taken = 0
    } else if (this.#taken >= TAKEN_MAX && this.#taken * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#taken)
      this.#taken = 0
    }
    return event
  }

  /** The oldest `count`, or as many as there are. */
  take(count: number): Event[] {
    const taken: Event[] = []
    for (let left = Math.min(count, this.length); left > 0; left -= 1) taken.push(this.shift())
    return taken
  }

  /** The newest. Call it only when there is one. */
  pop(): Event {
    return this.#events.pop() as Event
  }
}
