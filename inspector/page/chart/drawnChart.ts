/**
 * A drawing of a chart in the page: its visible part, and the marks in it. It changes the elements of
 * the drawing directly, which no component renders again.
 *
 * @module
 */

import {
  type Box,
  centredOn,
  fitAll,
  fitWidth,
  panned,
  type Size,
  showing,
  type Viewport,
  viewBoxOf,
  zoomed,
} from './viewport.ts';

/** The marks in a drawing. */
export interface Marks {
  /** The innermost active states. */
  readonly standing: readonly string[];
  /** The innermost active states and all their parents. */
  readonly active: ReadonlySet<string>;
  readonly taken: ReadonlySet<number>;
  readonly possible: ReadonlySet<number>;
}

/** The scale from which text is easy to read. */
const READABLE = 0.8;
/** The scale from which text can just be read: a drawing whose whole width fits at it is not cut. */
const LEGIBLE = 0.68;
const SVG = 'http://www.w3.org/2000/svg';

export class DrawnChart {
  readonly #svg: SVGSVGElement;
  readonly #drawing: Box;
  readonly #states = new Map<string, Element>();
  readonly #names = new Map<Element, string>();
  readonly #transitions = new Map<number, Element>();
  readonly #links: readonly { readonly element: Element; readonly indexes: readonly number[] }[];
  #frame: Size = { width: 1, height: 1 };
  #view: Viewport | null = null;
  #standing: readonly string[] = [];

  constructor(template: SVGSVGElement, label: string) {
    const svg = document.importNode(template, true);
    this.#svg = svg;
    const [x = 0, y = 0, width = 1, height = 1] = (svg.getAttribute('viewBox') ?? '')
      .split(/\s+/)
      .map(Number);
    this.#drawing = { x, y, width, height };
    svg.setAttribute('aria-label', label);
    svg.removeAttribute('aria-labelledby');
    svg.setAttribute('preserveAspectRatio', 'xMinYMin meet');
    for (const element of svg.querySelectorAll('[data-state]')) {
      this.#states.set(element.getAttribute('data-state') ?? '', element);
      this.#names.set(element, element.getAttribute('aria-label') ?? '');
    }
    for (const element of svg.querySelectorAll('[data-transition]')) {
      this.#transitions.set(Number(element.getAttribute('data-transition')), element);
    }
    this.#links = [...svg.querySelectorAll('[data-transitions]')].map((element) => ({
      element,
      indexes: (element.getAttribute('data-transitions') ?? '').split(' ').map(Number),
    }));
  }

  get element(): SVGSVGElement {
    return this.#svg;
  }

  /** Sets the size of the frame, in pixels. The middle of the visible part stays in the middle. */
  resize(frame: Size): void {
    if (frame.width < 2 || frame.height < 2) return;
    const isFirst = this.#view === null;
    this.#frame = frame;
    this.#svg.setAttribute('width', String(frame.width));
    this.#svg.setAttribute('height', String(frame.height));
    if (isFirst) this.begin();
    else this.#show(this.#view);
  }

  /** Fits the drawing to the width of the frame if it can be read so; else shows the active states. */
  begin(): void {
    const wide = fitWidth(this.#drawing, this.#frame);
    if (wide.scale >= LEGIBLE) this.#show(wide);
    else this.find({ ...wide, scale: READABLE });
  }

  fit(): void {
    const all = fitAll(this.#drawing, this.#frame);
    const wide = fitWidth(this.#drawing, this.#frame);
    // Pressed twice in a row: the whole drawing, then the width of the frame.
    this.#show(this.#view?.scale === all.scale ? wide : all);
  }

  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const middle = { x: this.#frame.width / 2, y: this.#frame.height / 2 };
    if (this.#view !== null) this.#show(zoomed(this.#view, factor, at ?? middle));
  }

  pan(x: number, y: number): void {
    this.#show(this.#view);
    if (this.#view === null) return;
    this.#show(panned(this.#view, { x, y }, this.#drawing, this.#frame));
  }

  /** Puts the active states into the middle, large enough to read. */
  find(from: Viewport | null = this.#view): void {
    const box = this.#activeBox();
    if (from === null) return;
    const view = { ...from, scale: Math.max(from.scale, READABLE) };
    this.#show(
      box === null
        ? { ...view, x: this.#drawing.x, y: this.#drawing.y }
        : centredOn(view, box, this.#drawing, this.#frame),
    );
  }

  /** Brings the active states into sight; does nothing if they are. */
  follow(): void {
    const box = this.#activeBox();
    if (box !== null && this.#view !== null) this.#show(showing(this.#view, box, this.#frame));
  }

  mark({ standing, active, taken, possible }: Marks): void {
    this.#standing = standing;
    this.#svg.classList.toggle('lit', active.size > 0);
    for (const [path, element] of this.#states) {
      const isActive = active.has(path);
      if (element.classList.toggle('active', isActive))
        this.#badge(element, standing.includes(path));
      else element.querySelector(':scope > .hc-badge')?.remove();
      const name = this.#names.get(element) ?? path;
      element.setAttribute('aria-label', isActive ? `${name}, active` : name);
    }
    for (const [index, element] of this.#transitions) {
      element.classList.toggle('taken', taken.has(index));
      element.classList.toggle('possible', possible.has(index));
    }
    for (const { element, indexes } of this.#links) {
      element.classList.toggle(
        'taken',
        indexes.some((index) => taken.has(index)),
      );
      element.classList.toggle(
        'possible',
        indexes.some((index) => possible.has(index)),
      );
    }
  }

  /** Adds a mark to the corner of an active state, so that colour is not the only sign. */
  #badge(element: Element, isInnermost: boolean): void {
    element.querySelector(':scope > .hc-badge')?.remove();
    const box = element.querySelector('rect');
    if (!isInnermost || box === null) return;
    const [x, y] = [Number(box.getAttribute('x')), Number(box.getAttribute('y'))];
    const badge = document.createElementNS(SVG, 'g');
    badge.setAttribute('class', 'hc-badge');
    badge.setAttribute('aria-hidden', 'true');
    const disc = document.createElementNS(SVG, 'circle');
    for (const [name, value] of Object.entries({ cx: x, cy: y, r: 9 })) {
      disc.setAttribute(name, String(value));
    }
    const sign = document.createElementNS(SVG, 'path');
    sign.setAttribute('d', `M${x - 3} ${y - 4.5}L${x + 5} ${y}L${x - 3} ${y + 4.5}Z`);
    badge.append(disc, sign);
    element.append(badge);
  }

  #activeBox(): Box | null {
    for (const path of this.#standing) {
      const rect = this.#states.get(path)?.querySelector('rect');
      if (rect === null || rect === undefined) continue;
      const [x = 0, y = 0, width = 0, height = 0] = ['x', 'y', 'width', 'height'].map((name) =>
        Number(rect.getAttribute(name)),
      );
      return { x, y, width, height };
    }
    return null;
  }

  #show(view: Viewport | null): void {
    if (view === null) return;
    this.#view = view;
    this.#svg.setAttribute('viewBox', viewBoxOf(view, this.#frame));
  }
}
