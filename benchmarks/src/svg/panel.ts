/** A panel is one group's chart: markup that starts at y = 0, and its height. The sheet stacks panels. */
export interface Panel {
  readonly markup: string
  readonly height: number
}

export const SHEET_WIDTH = 960
/** Left of it stand the labels. */
export const PLOT_LEFT = 230
/** Right of it stand the figures. */
export const PLOT_RIGHT = 770

/** Colour-blind safe (Okabe and Ito), in the order in which contenders are listed. */
const COLOURS: readonly string[] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#7f7f7f']

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string
}
