/** What `init` returns when there is to be no actor after all, and that is no failure: OTP's `ignore` (C-7). */
export const IGNORE: unique symbol = Symbol.for('cambium.ignore')
