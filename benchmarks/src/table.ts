/** The report as text: a table per group with every figure and its parameters, then the ratios beside their goals. */
import { formatFigure, formatParams, threeDigits } from './format.ts'
import { goalText } from './goals.ts'
import { formatMachine } from './machine.ts'
import { isNumber } from './report.ts'
import type { MeasuredGroup, Report } from './report.ts'

export function renderTables(report: Report, groups: readonly MeasuredGroup[]): string {
  const parts = [report.command, `machine: ${formatMachine(report.machine)}`, `commit: ${report.commit}`]
  for (const group of groups) {
    if (group.cases.length === 0 && group.absent.length === 0) continue
    const rows = group.cases.flatMap((measured) =>
      measured.results.map((result, index) => [
        result.case,
        formatFigure(result.median, result.unit),
        formatFigure(result.min, result.unit),
        formatFigure(result.max, result.unit),
        String(result.rounds),
        index === 0 ? formatParams(result.params) : '', // the figures of a case share them
      ]),
    )
    for (const { case: name, params } of group.absent) rows.push([name, '–', '–', '–', '0', `not run: ${params['notRun']}`])
    parts.push('', group.title, renderTable(['case', 'median', 'min', 'max', 'rounds', 'parameters'], rows, [1, 2, 3, 4]))
  }
  if (report.ratios.length > 0) {
    const rows = report.ratios.map((ratio) => [
      ratio.name,
      threeDigits(ratio.value),
      goalText(ratio.name),
      ratio.to === '1' ? ratio.of : `${ratio.of} ÷ ${isNumber(ratio.to) ? Number(ratio.to).toLocaleString('en-US') : ratio.to}`,
    ])
    parts.push('', 'Ratios of medians', renderTable(['ratio', 'value', 'goal', 'of ÷ to'], rows, [1]))
  }
  return `${parts.join('\n')}\n`
}

/** Columns padded to their widest cell; those in `rightAligned` (figures) end at the same place. The last is not padded. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[],
): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? ''
        if (rightAligned.includes(column)) return cell.padStart(width)
        return column === widths.length - 1 ? cell : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [
    line(header),
    line(widths.map((width, column) => '─'.repeat(Math.min(width, header[column] === 'parameters' ? 10 : width)))),
    ...rows.map(line),
  ].join('\n')
}
