#!/usr/bin/env node
/**
 * The command `cambium`. Results go to stdout, progress to stderr. Exit status: 0 good, 1 a failure was found, 2 a mistake on the command line, 3 the
 * file of `--json` could not be written.
 */
import { HELP, parseCommandLine, UsageError } from './command-line.ts'
import { runSimulations } from './simulate-command.ts'

try {
  const request = parseCommandLine(process.argv.slice(2))
  if (request.kind === 'help') process.stdout.write(HELP)
  else process.exitCode = await runSimulations(request)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`cambium: ${error.message}\n`)
  process.exitCode = 2
}
