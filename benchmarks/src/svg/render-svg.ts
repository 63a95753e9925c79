/** The content of `--svg FILE`: one sheet with a panel per group, readable on light and dark pages alike. */
import { formatMachine } from '../machine.ts'
import type { MeasuredGroup, Report } from '../report.ts'
import { barPanel } from './bar-panel.ts'
import { SHEET_WIDTH } from './panel.ts'
import { percentilePanel } from './percentile-panel.ts'
import { element, escapeXml, textElement } from './svg-text.ts'

const MARGIN = 24
const HEADER_HEIGHT = 76
const PANEL_GAP = 28
/** Characters of the command that fit on one line. */
const HEADING_MAX = 100
const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#1a1a1a}.heading{font-size:18px;font-weight:600}.title{font-size:15px;font-weight:600}' +
  '.tick,.fact{font-size:11px;fill:#555}.grid{stroke:#e3e3e3}.axis{stroke:#555}.whisker{stroke:#1a1a1a;stroke-width:2}' +
  '.curve{fill:none;stroke-width:2}'

export function renderSvg(report: Report, groups: readonly MeasuredGroup[]): string {
  const panels: string[] = []
  let y = HEADER_HEIGHT
  for (const group of groups) {
    if (group.cases.length === 0) continue
    const panel = group.cases.some((measured) => measured.curve.length > 0) ? percentilePanel(group) : barPanel(group)
    panels.push(element('g', { class: 'panel', transform: `translate(0 ${y})` }, `\n${panel.markup}\n`))
    y += panel.height + PANEL_GAP
  }
  const width = SHEET_WIDTH + 2 * MARGIN
  const height = y + MARGIN
  const machine = formatMachine(report.machine)
  const content = [
    element('title', {}, escapeXml(report.command)),
    element('desc', {}, escapeXml(`Medians with min and max. ${machine}. Commit ${report.commit}.`)),
    element('style', {}, escapeXml(STYLE)),
    element('rect', { width, height, fill: '#ffffff' }),
    element(
      'g',
      { transform: `translate(${MARGIN} ${MARGIN})` },
      [
        '',
        textElement(0, 14, report.command.length > HEADING_MAX ? `${report.command.slice(0, HEADING_MAX)} …` : report.command, {
          class: 'heading',
        }),
        textElement(0, 36, machine, { class: 'fact' }),
        textElement(0, 52, `commit ${report.commit}`, { class: 'fact' }),
        ...panels,
        '',
      ].join('\n'),
    ),
  ]
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${Math.ceil(height)}`,
    width,
    height: Math.ceil(height),
    role: 'img',
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('svg', root, `\n${content.join('\n')}\n`)}\n`
}
