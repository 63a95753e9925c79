/**
 * The configuration of an application: one value for each key, from four places. What is named first holds:
 *
 * 1. what the caller of the start gives in code,
 * 2. the environment variable of the key: `SHOP_MAX_ORDERS` for `maxOrders` of the application `shop`,
 * 3. the file, JSON with one object for each application,
 * 4. the default of the key's schema.
 */
import { fileURLToPath } from 'node:url'
import { CambiumError, optionError } from '@cambium/base'
import { readSmallFile } from '@cambium/runtime'
import type { Setting } from './setting.ts'
import type { InputOf, OutputOf, SchemaIssue, StandardSchema } from './standard-schema.ts'

/** A schema for each key. */
export type ConfigFields = Readonly<Record<string, StandardSchema>>
/** What the keys are. */
export type ConfigOf<Fields extends ConfigFields> = { readonly [K in keyof Fields]: OutputOf<Fields[K]> }
/** What may be given for them. */
export type GivenConfig<Fields extends ConfigFields> = { readonly [K in keyof Fields]?: InputOf<Fields[K]> | undefined }

/** Where configurations come from, besides the defaults. */
export interface ConfigSources {
  readonly config: Readonly<Record<string, unknown>> | undefined
  readonly configFile: string | URL | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One value that is wrong, in `fields.problems` of `ERR_CONFIG`. */
export interface ConfigProblem {
  readonly application: string
  readonly key: string
  readonly value: string
  /** `code`, `environment`, the file, or `nowhere`. */
  readonly from: string
  /** The environment variable of the key. */
  readonly variable: string
  readonly problem: string
}

/** A larger file is none that a person has written. */
const FILE_BYTES_MAX = 1 << 20
/** Problems that an error tells of. */
const PROBLEMS_MAX = 20
const VALUE_CHARS_MAX = 80

/** The environment variable of a key. */
export function variableOf(application: string, key: string): string {
  const upper = (name: string): string => name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll(/[^a-zA-Z\d]+/g, '_')
  return `${upper(application)}_${upper(key)}`.toUpperCase()
}

/**
 * The objects of a configuration file, by application; none without a file. Read at once, before anything is started: a file of a megabyte at most. Throws
 * `ERR_CONFIG_FILE`.
 */
export function readConfigFile(file: string | URL | undefined): Readonly<Record<string, unknown>> {
  if (file === undefined) return {}
  if (typeof file !== 'string' && !(file instanceof URL)) throw optionError('configFile', file, 'a path or a file URL')
  try {
    const content: unknown = JSON.parse(readSmallFile(file, FILE_BYTES_MAX))
    if (!isRecord(content)) throw new TypeError('it is no JSON object with one object for each application')
    return content
  } catch (error) {
    const path = file instanceof URL ? fileURLToPath(file) : file
    throw new CambiumError('ERR_CONFIG_FILE', `configuration file cannot be read: file=${path}, ${(error as Error).message}`, {
      cause: error,
      fields: { file: path },
    })
  }
}

/** The configuration of one application, checked; what is wrong goes to `problems`. */
export async function readConfig(
  application: string,
  fields: ConfigFields,
  sources: ConfigSources,
  file: Readonly<Record<string, unknown>>,
  problems: ConfigProblem[],
): Promise<Readonly<Record<string, unknown>>> {
  const config: [key: string, value: unknown][] = []
  const given = sectionOf(application, ownValue(sources.config, application), 'code', fields, problems)
  const filed = sectionOf(application, ownValue(file, application), String(sources.configFile), fields, problems)
  for (const [key, schema] of Object.entries(fields)) {
    const variable = variableOf(application, key)
    const text = sources.env[variable]
    const { fromText = (found: string): unknown => found, isSecret = false } = schema as Partial<Setting<unknown, unknown>>
    const inCode = ownValue(given, key)
    const inFile = ownValue(filed, key)
    const [value, from] =
      inCode !== undefined
        ? [inCode, 'code']
        : text !== undefined
          ? [fromText(text), 'environment']
          : inFile !== undefined
            ? [inFile, String(sources.configFile)]
            : [undefined, 'nowhere']
    const shown = value !== undefined && isSecret ? 'secret' : show(value)
    const wrong = (issue: SchemaIssue): void => {
      const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
      problems.push({ application, key: [key, ...path].join('.'), value: shown, from, variable, problem: issue.message })
    }
    try {
      const result = await schema['~standard'].validate(value)
      if (result.issues === undefined) config.push([key, result.value])
      else for (const issue of result.issues) wrong(issue)
    } catch (error) {
      wrong({ message: `its schema threw: ${error instanceof Error ? error.message : String(error)}` })
    }
  }
  return Object.freeze(Object.fromEntries(config))
}

/** What is given in code for an application that nobody has heard of is a misspelt name, and goes to `problems`. A file may have more than is started. */
export function checkNames(config: ConfigSources['config'], known: Iterable<string>, problems: ConfigProblem[]): void {
  const names = new Set(known)
  for (const [application, section] of Object.entries(config ?? {})) {
    if (names.has(application)) continue
    const problem = `expected one of the applications ${[...names].join(', ') || '(none)'}`
    const value = isRecord(section) ? show(Object.keys(section)) : show(section) // of its keys one may be secret
    problems.push({ application, key: '*', value, from: 'code', variable: variableOf(application, '*'), problem })
  }
}

/** Throws `ERR_CONFIG`, which names each key, its value, where that came from, and what was expected. */
export function throwProblems(problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) return
  const told = problems.slice(0, PROBLEMS_MAX)
  const lines = told.map(
    ({ application, key, value, from, variable, problem }) =>
      `application=${application}, key=${key}, value=${value}, from=${from}, variable=${variable}: ${problem}`,
  )
  const rest = problems.length > told.length ? `; and ${problems.length - told.length} more` : ''
  throw new CambiumError('ERR_CONFIG', `configuration is wrong: ${lines.join('; ')}${rest}`, { fields: { problems: told } })
}

/** Undefined for what an object has only from its prototype, such as `constructor`: that is a name like any other here. */
export function ownValue(values: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return values !== undefined && Object.hasOwn(values, key) ? values[key] : undefined
}

/** What one place has for the application. */
function sectionOf(
  application: string,
  section: unknown,
  from: string,
  fields: ConfigFields,
  problems: ConfigProblem[],
): Readonly<Record<string, unknown>> {
  if (section === undefined) return {}
  if (!isRecord(section)) {
    const problem = 'expected an object with the keys of the application'
    problems.push({ application, key: '*', value: show(section), from, variable: variableOf(application, '*'), problem })
    return {}
  }
  for (const key of Object.keys(section)) {
    if (Object.hasOwn(fields, key)) continue
    const problem = `expected one of the keys ${Object.keys(fields).join(', ') || '(none)'}`
    problems.push({ application, key, value: show(section[key]), from, variable: variableOf(application, key), problem })
  }
  return section
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  const shown = text ?? (value === undefined ? 'undefined' : typeof value)
  return shown.length > VALUE_CHARS_MAX ? `${shown.slice(0, VALUE_CHARS_MAX)}…` : shown
}
