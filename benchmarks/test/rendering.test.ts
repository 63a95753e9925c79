/** Tables, charts and progress lines from fixed figures. */
import { expect, test } from 'vitest'
import { formatFigure, formatParams } from '../src/format.ts'
import { createProgress } from '../src/progress.ts'
import { linearTicks, powerTicks } from '../src/svg/axis.ts'
import { renderSvg } from '../src/svg/render-svg.ts'
import { renderTable, renderTables } from '../src/table.ts'
import { GROUPS, REPORT } from './fixed-report.ts'

test('figures have three digits and a short unit', () => {
  expect(formatFigure(55_000_000, 'msg/s')).toBe('55.0 Mmsg/s')
  expect(formatFigure(999, 'msg/s')).toBe('999 msg/s')
  expect(formatFigure(0, 'msg/s')).toBe('0 msg/s')
  expect(formatFigure(250, 'ns')).toBe('250 ns')
  expect(formatFigure(9.999, 'ns/op')).toBe('10.0 ns/op')
  expect(formatFigure(2_500_000, 'ns')).toBe('2.50 ms')
  expect([formatFigure(2_500, 'B'), formatFigure(0.123, '%')]).toEqual(['2.50 kB', '0.123 %'])
  expect(formatParams({ bytes: 4_096, wait: 'adaptive', hot: true })).toBe('bytes=4,096 wait=adaptive hot=true')
})

test('columns are padded to their widest cell, figures to the right', () => {
  expect(
    renderTable(
      ['a', 'figure', 'last'],
      [
        ['long name', '7', 'x'],
        ['b', '12345678', ''],
      ],
      [1],
    ),
  ).toBe(['a            figure  last', '─────────  ────────  ────', 'long name         7  x', 'b          12345678'].join('\n'))
})

test('the tables show machine, commit, parameters, every figure and the goals', () => {
  const text = renderTables(REPORT, GROUPS)
  for (const part of [
    'Test <CPU>',
    'abc123',
    'messages=1,000,000',
    '55.0 Mmsg/s',
    '60.0 Mmsg/s',
    '5.50 µs',
    '≥ 50',
    '≥ 20',
    '22.0',
  ]) {
    expect(text).toContain(part)
  }
})

test('the chart is well-formed, with a bar per throughput result and a curve per latency case', () => {
  const svg = renderSvg(REPORT, GROUPS)
  expect(wellFormedFault(svg)).toBeUndefined()
  expect(svg.match(/class="bar"/g)).toHaveLength(2)
  expect(svg.match(/class="curve"/g)).toHaveLength(2)
  expect(svg.match(/class="panel"/g)).toHaveLength(2)
  expect(svg).toContain('Test &lt;CPU&gt; &amp; &quot;Co&quot;')
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

test('a bar is as long as its median on an axis that holds the maximum', () => {
  const svg = renderSvg(REPORT, GROUPS)
  const widths = [...svg.matchAll(/<rect class="bar"[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]))
  expect(widths[0]).toBeCloseTo((540 * 55) / 60, 0)
  expect(widths[1]).toBeCloseTo((540 * 1) / 60, 0)
})

test('a chart of nothing is still a chart', () => {
  expect(wellFormedFault(renderSvg({ ...REPORT, results: [], ratios: [] }, []))).toBeUndefined()
})

test('axes have round ticks that cover the range', () => {
  expect(linearTicks(60)).toEqual([0, 20, 40, 60])
  expect(linearTicks(61)).toEqual([0, 20, 40, 60, 80])
  expect(linearTicks(0)).toEqual([0, 1])
  expect(powerTicks(150, 90_000)).toEqual([100, 1_000, 10_000, 100_000])
  expect(powerTicks(10, 10)).toEqual([10, 100])
})

test('progress is lines in a log and one rewritten line on a terminal', () => {
  const log: string[] = []
  const lines = createProgress({ write: (text) => log.push(text) }, 2)
  lines.round('first')
  lines.round('second')
  lines.end()
  expect(log).toEqual(['[1/2] first\n', '[2/2] second\n'])

  const screen: string[] = []
  const terminal = createProgress({ isTTY: true, columns: 20, write: (text) => screen.push(text) }, 10)
  terminal.round('a line that is longer than the terminal is wide')
  terminal.end()
  expect(screen).toEqual(['\r\u001b[2K[1/10] a line that ', '\r\u001b[2K'])
})

/** Undefined for well-formed XML of the kind that is written here: elements, quoted attributes, text, escapes. */
function wellFormedFault(xml: string): string | undefined {
  const open: string[] = []
  let roots = 0
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
  const rest = body.replaceAll(
    /<(\/?)([A-Za-z]+)((?: [A-Za-z0-9-]+="[^"<>]*")*)(\/?)>/g,
    (_match, end: string, name: string, attributes: string, empty: string) => {
      const names = [...attributes.matchAll(/ ([A-Za-z0-9-]+)="/g)].map((match) => match[1])
      if (new Set(names).size !== names.length) open.push(`!attribute twice in ${name}`)
      if (end === '/') {
        if (open.pop() !== name) open.push(`!unexpected end of ${name}`)
      } else {
        if (open.length === 0) roots += 1
        if (empty !== '/') open.push(name)
      }
      return ''
    },
  )
  if (open.length > 0) return `open: ${open.join(' ')}`
  if (roots !== 1) return `roots: ${roots}`
  if (/[<>]/.test(rest)) return 'stray markup'
  if (/&(?!amp;|lt;|gt;|quot;)/.test(xml)) return 'stray ampersand'
  return undefined
}
