/** Horizontal bars: one per result, from zero on a linear axis, with the median at the end and a whisker from min to max. */
import type { Unit } from '../case.ts'
import { formatFigure } from '../format.ts'
import type { MeasuredGroup } from '../report.ts'
import { linearTicks } from './axis.ts'
import { colourOf, PLOT_LEFT, PLOT_RIGHT } from './panel.ts'
import type { Panel } from './panel.ts'
import { element, escapeXml, lineElement, textElement } from './svg-text.ts'

const TOP = 44
const ROW_HEIGHT = 26
const BAR_HEIGHT = 16
const AXIS_HEIGHT = 44

const CAPTIONS: Readonly<Record<Unit, string>> = {
  'msg/s': 'throughput, more is better',
  'op/s': 'throughput, more is better',
  ns: 'time, less is better',
  'ns/op': 'time, less is better',
  B: 'memory, less is better',
  '%': 'processor time, less is better',
  actors: 'live actors, more is better',
  msg: 'fewer is better',
}

export function barPanel(group: MeasuredGroup): Panel {
  const bars = group.cases.flatMap((measured) =>
    measured.results.map((result) => ({ label: result.case.slice(group.name.length + 1), result })),
  )
  const unit = bars[0]?.result.unit ?? 'msg/s'
  const ticks = linearTicks(Math.max(...bars.map(({ result }) => result.max)))
  const axisMax = ticks.at(-1) as number
  const x = (value: number): number => PLOT_LEFT + (value / axisMax) * (PLOT_RIGHT - PLOT_LEFT)
  const bottom = TOP + bars.length * ROW_HEIGHT
  const grid = ticks.map(
    (tick) =>
      lineElement(x(tick), TOP, x(tick), bottom, 'grid') +
      textElement(x(tick), bottom + 16, formatFigure(tick, unit), { class: 'tick', 'text-anchor': 'middle' }),
  )
  const rows = bars.map(({ label, result }, index) => {
    const top = TOP + index * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2
    const middle = top + BAR_HEIGHT / 2
    const figure = formatFigure(result.median, unit)
    const range = `${formatFigure(result.min, unit)} to ${formatFigure(result.max, unit)}`
    return [
      textElement(PLOT_LEFT - 8, middle + 4, label, { 'text-anchor': 'end' }),
      element(
        'rect',
        {
          class: 'bar',
          x: PLOT_LEFT,
          y: top,
          width: Math.max(1, x(result.median) - PLOT_LEFT),
          height: BAR_HEIGHT,
          fill: colourOf(index),
        },
        element('title', {}, escapeXml(`${result.case}: ${figure}, ${range}`)),
      ),
      lineElement(x(result.min), middle, x(result.max), middle, 'whisker'),
      textElement(PLOT_RIGHT + 8, middle + 4, figure),
    ].join('')
  })
  const caption = CAPTIONS[unit]
  return {
    markup: [
      textElement(0, 18, group.title, { class: 'title' }),
      ...grid,
      ...rows,
      lineElement(PLOT_LEFT, TOP, PLOT_LEFT, bottom, 'axis'),
      textElement((PLOT_LEFT + PLOT_RIGHT) / 2, bottom + 34, `${caption}; line: min to max of the rounds`, {
        class: 'tick',
        'text-anchor': 'middle',
      }),
    ].join('\n'),
    height: bottom + AXIS_HEIGHT,
  }
}
