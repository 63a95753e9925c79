/** What a guest is to be told, and has not been told as it is recalled: it goes home with it. */
import { expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { LEAVING } from '../src/actor-cell.ts'
import { behave, handler, World } from './harness.ts'

const HOME = 1
const HOST = 2

/** Of one peer a core takes twice 256 before messages. */
const SIGNALS_IN_FRONT = 520

/**
 * 1. The guest comes to rest, and its home is told so, while news for it and the message that the news has to follow are in the rings to its host.
 * 2. The host takes both in one turn. Between the message and the end of that turn the home runs: it recalls the guest, behind the message, which has been taken. The host would look at
 *    that in the next turn, but for a signal that comes from the home by core 0: all that the home had said by then is taken before it.
 * 3. Each turn begins with another peer, so one of two numbers of turns has core 0 come second.
 */
it.each([0, 1])(
  'what waited for messages of its home goes back behind them (turns of the host before: %i)',
  async (turnsMore) => {
    const world = new World({ cores: 3 })
    const watched = world.spawn(
      HOME,
      handler<string>(() => {}),
      null,
    ) as Ref<string> & ActorAddress
    const actor = behave<null, string, null>({
      init: () => null,
      receive(_, message, context) {
        if (message === 'watch') context.monitor(world.inside(watched, context.core))
        else world.note(`${message} on ${context.core}`)
      },
      info(_, info, context) {
        world.note(`${info.type} on ${context.core}`)
      },
    })
    const ref = world.spawn(HOME, actor, null) as Ref<string> & ActorAddress
    let isNested = false
    const neighbour = world.spawn(
      HOST,
      handler<string>((message) => {
        if (message !== 'home runs') return
        isNested = true
        world.turn(HOME) // recalls the guest, and has the named actor say something
        outside.tell('comes behind that')
        world.turn(0)
      }),
      null,
    ) as Ref<string> & ActorAddress
    const outside = world.ref<string>(neighbour)
    const speaker = handler<string>((message, context) => {
      const other = world.inside<string>(neighbour, HOME)
      if (message === 'home runs') other.tell(message)
      else if (message === 'exit') context.exit(other, { kind: 'normal' })
      else for (let i = 0; i < SIGNALS_IN_FRONT; i += 1) context.monitor(other)
    })
    const plain = world.spawn(HOME, speaker, null)
    const named = world.spawn(HOME, speaker, null, { name: 'named' }) // what concerns its bonds goes by core 0
    await world.run()
    const move = world.migrate(ref, HOST)
    await world.advance(5)
    expect(await move).toBe('moved')
    ref.tell('watch')
    await world.advance(5)
    const guest = world.guest(ref)

    for (let i = 0; i < turnsMore; i += 1) world.turn(HOST)
    const back = world.migrate(ref, HOME)
    world.turn(HOME)
    plain.tell('many signals')
    ref.tell('message')
    world.turn(0)
    world.turn(HOME)
    void world.stop(watched)
    world.turn(HOME)
    plain.tell('home runs')
    world.turn(0)
    world.turn(HOME)
    named.tell('exit')
    world.turn(0)
    for (let turns = 0; !isNested; turns += 1) {
      expect(turns).toBeLessThan(4)
      world.turn(HOST)
      if (!isNested) expect(guest?.status).toBe(LEAVING)
    }
    await world.advance(5)
    expect(await back).toBe('moved')
    expect(world.notes).toEqual(['message on 1', 'down on 1'])
  },
)
