/**
 * The colours and strokes of a picture. The inspector's page has the same classes, so the picture in it can be
 * shown without its style.
 *
 * @module
 */

interface Palette {
  readonly page: string;
  readonly inner: string;
  readonly card: string;
  readonly pill: string;
  readonly edge: string;
  readonly border: string;
  readonly line: string;
  readonly text: string;
  readonly dim: string;
  readonly guard: string;
  readonly action: string;
  readonly target: string;
}

const LIGHT: Palette = {
  page: '#ffffff',
  inner: '#f4f6f8',
  card: '#ffffff',
  pill: '#fbfbfd',
  edge: '#d0d7de',
  border: '#57606a',
  line: '#6e7781',
  text: '#1f2328',
  dim: '#57606a',
  guard: '#6639ba',
  action: '#8a4600',
  target: '#0550ae',
};
const DARK: Palette = {
  page: '#0d1117',
  inner: '#151b23',
  card: '#212830',
  pill: '#11161d',
  edge: '#3d444d',
  border: '#9198a1',
  line: '#8b949e',
  text: '#f0f6fc',
  dim: '#9ea7b3',
  guard: '#d2a8ff',
  action: '#ffb366',
  target: '#79c0ff',
};

const FONT = '"Helvetica Neue",Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif';

/** What is the same in the light and in the dark. */
const SHAPES = [
  `.hc text{font-family:${FONT};font-size:11px}`,
  '.hc .hc-name{font-size:13px;font-weight:700}',
  '.hc .hc-event,.hc .hc-target{font-weight:700}',
  '.hc .hc-box{stroke-width:1.25}',
  '.hc .hc-frame,.hc .hc-pill,.hc .hc-inner{stroke-width:1}',
  '.hc .hc-region{stroke-dasharray:6 4}',
  '.hc .hc-line{fill:none;stroke-width:1.25;stroke-linejoin:round}',
  '.hc .hc-usual .hc-line{stroke-width:4}',
  '.hc .hc-usual .hc-pill{stroke-width:2.5}',
];

/** The text of the style element: light, and dark where the reader prefers it. */
export function chartStyle(): string {
  return [
    ...SHAPES,
    ...colours(LIGHT),
    '@media (prefers-color-scheme:dark){',
    ...colours(DARK),
    '}',
  ].join('\n');
}

function colours(palette: Palette): readonly string[] {
  const { page, inner, card, pill, edge, border, line, text, dim } = palette;
  return [
    `.hc .hc-frame{fill:${page};stroke:${edge}}`,
    `.hc .hc-compound{fill:${inner};stroke:${border}}`,
    `.hc .hc-card,.hc .hc-history{fill:${card};stroke:${border}}`,
    `.hc .hc-inner{fill:none;stroke:${border}}`,
    `.hc .hc-rule{stroke:${edge}}`,
    `.hc .hc-pill{fill:${pill};stroke:${edge}}`,
    `.hc .hc-line{stroke:${line}}`,
    `.hc .hc-head,.hc .hc-dot{fill:${line}}`,
    `.hc .hc-name,.hc .hc-event{fill:${text}}`,
    `.hc .hc-dim,.hc .hc-order{fill:${dim}}`,
    `.hc .hc-guard{fill:${palette.guard}}`,
    `.hc .hc-action{fill:${palette.action}}`,
    `.hc .hc-target{fill:${palette.target}}`,
  ];
}
