/**
 * Types that tie a message to its reply. Two ways, both inferred:
 * - a union of inputs and a union of outputs: `ask` gives the union of outputs, where a field that only some outputs have is
 *   optional, so that `const { value } = await ref.ask({ type: 'read' })` compiles;
 * - `Call<Input, Output>` members: `ask` gives exactly the output of the member that the message's `type` selects.
 */
declare const replyType: unique symbol

/** A message that is answered by `Output`. The brand exists in the types alone. */
export type Call<Input, Output> = Input & { readonly [replyType]?: Output }

/** The reply to message `M`, sent to an actor that takes `Messages` and answers `Reply`. */
export type ReplyTo<M, Messages, Reply> = [DeclaredReply<Member<M, Messages>>] extends [never]
  ? Loose<Reply>
  : DeclaredReply<Member<M, Messages>>

type Member<M, Messages> = M extends { readonly type: infer T } ? Extract<Messages, { readonly type: T }> : Messages

type DeclaredReply<Messages> = Messages extends { readonly [replyType]?: infer Output }
  ? typeof replyType extends keyof Messages
    ? Exclude<Output, undefined>
    : never
  : never

type KeysOfUnion<T> = T extends object ? (T extends readonly unknown[] ? never : keyof T) : never

type Fill<T, Keys extends PropertyKey> = T extends object
  ? T extends readonly unknown[]
    ? T
    : T & { readonly [K in Exclude<Keys, keyof T>]?: undefined }
  : T

type Loose<T, All = T> = T extends unknown ? Fill<T, KeysOfUnion<All>> : never
