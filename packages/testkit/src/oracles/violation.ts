/** The error of an oracle: something happened that must never happen, whatever the seed. */
import { CambiumError } from '@cambium/base'

export type OracleCode =
  | 'ERR_ORACLE_ADDRESS'
  | 'ERR_ORACLE_ASK'
  | 'ERR_ORACLE_BOOKS'
  | 'ERR_ORACLE_INCARNATION'
  | 'ERR_ORACLE_LEAK'
  | 'ERR_ORACLE_MAILBOX'
  | 'ERR_ORACLE_ORDER'
  | 'ERR_ORACLE_PROGRESS'
  | 'ERR_ORACLE_STOP_ORDER'
  | 'ERR_ORACLE_SUPERVISION'
  | 'ERR_ORACLE_WORKLOAD'

/** `what: name=value, name=value` */
export function violation(code: OracleCode, what: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  const shown = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return new CambiumError(code, `${what}: ${shown.join(', ')}`, { severity: 'bug', fields })
}
