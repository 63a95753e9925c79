/**
 * Percentile curves: latency by percentile, both axes logarithmic, the x axis in the share of slower messages (50 %, 10 %,
 * 1 %, …), so that the tail has room. The maximum is drawn at the right edge.
 */
import type { CurvePoint } from '../case.ts'
import { formatFigure } from '../format.ts'
import type { MeasuredGroup } from '../report.ts'
import { powerTicks } from './axis.ts'
import { colourOf, PLOT_LEFT, PLOT_RIGHT } from './panel.ts'
import type { Panel } from './panel.ts'
import { element, escapeXml, lineElement, textElement } from './svg-text.ts'

const TOP = 44
const PLOT_HEIGHT = 240
const LEGEND_ROW = 20
const PERCENTILE_TICKS: readonly (readonly [number, string])[] = [
  [0, 'p0'],
  [50, 'p50'],
  [90, 'p90'],
  [99, 'p99'],
  [99.9, 'p99.9'],
  [99.99, 'p99.99'],
  [100, 'max'],
]
/** The right edge: five nines. */
const SHARE_MIN = 1e-5

export function percentilePanel(group: MeasuredGroup): Panel {
  const curves = group.cases.filter((measured) => measured.curve.length > 0)
  const values = curves.flatMap((measured) => measured.curve.map((point) => Math.max(1, point.value)))
  const ticks = powerTicks(Math.min(...values), Math.max(...values))
  const low = Math.log10(ticks[0] as number)
  const high = Math.log10(ticks.at(-1) as number)
  const bottom = TOP + PLOT_HEIGHT
  const y = (value: number): number => bottom - ((Math.log10(Math.max(1, value)) - low) / (high - low)) * PLOT_HEIGHT
  const grid = [
    ...ticks.map(
      (tick) =>
        lineElement(PLOT_LEFT, y(tick), PLOT_RIGHT, y(tick), 'grid') +
        textElement(PLOT_LEFT - 8, y(tick) + 4, formatFigure(tick, 'ns'), { class: 'tick', 'text-anchor': 'end' }),
    ),
    ...PERCENTILE_TICKS.map(
      ([percentile, label]) =>
        lineElement(xOf(percentile), TOP, xOf(percentile), bottom, 'grid') +
        textElement(xOf(percentile), bottom + 16, label, { class: 'tick', 'text-anchor': 'middle' }),
    ),
  ]
  const drawn = curves.map((measured, index) => {
    const top = bottom + 56 + index * LEGEND_ROW
    const colour = colourOf(index)
    return [
      element(
        'path',
        { class: 'curve', d: pathOf(measured.curve, y), stroke: colour },
        element('title', {}, escapeXml(`${group.name}/${measured.contender}`)),
      ),
      element('rect', { x: PLOT_LEFT, y: top - 10, width: 24, height: 4, fill: colour }),
      textElement(PLOT_LEFT + 32, top - 4, measured.contender),
    ].join('')
  })
  return {
    markup: [
      textElement(0, 18, group.title, { class: 'title' }),
      ...grid,
      ...drawn,
      lineElement(PLOT_LEFT, TOP, PLOT_LEFT, bottom, 'axis'),
      lineElement(PLOT_LEFT, bottom, PLOT_RIGHT, bottom, 'axis'),
      textElement((PLOT_LEFT + PLOT_RIGHT) / 2, bottom + 34, 'latency by percentile, less is better; medians of the rounds', {
        class: 'tick',
        'text-anchor': 'middle',
      }),
    ].join('\n'),
    height: bottom + 56 + curves.length * LEGEND_ROW,
  }
}

function xOf(percentile: number): number {
  const share = Math.max(SHARE_MIN, 1 - percentile / 100)
  return PLOT_LEFT + (Math.log10(share) / Math.log10(SHARE_MIN)) * (PLOT_RIGHT - PLOT_LEFT)
}

function pathOf(curve: readonly CurvePoint[], y: (value: number) => number): string {
  return curve
    .map((point, index) => `${index === 0 ? 'M' : 'L'}${xOf(point.percentile).toFixed(2)} ${y(point.value).toFixed(2)}`)
    .join(' ')
}
