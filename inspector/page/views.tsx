/**
 * The views of the page, in the order of its navigation: to add one, add a line.
 *
 * @module
 */

import type { ComponentType } from 'preact';
import { Actors } from './actors/actors.tsx';
import { Overview } from './overview/overview.tsx';
import { Story } from './story.tsx';

export interface View {
  /** As its address has it: `#/actors`. */
  readonly name: string;
  readonly title: string;
  readonly component: ComponentType;
  /** For `#/actors/<of>`; the view itself where it is left out. */
  readonly ofOne?: ComponentType;
  /** How many wait there, beside its name; 0 is not shown. */
  readonly countOf?: (waiting: Readonly<Record<string, number>>) => number;
}

export const VIEWS: readonly View[] = [
  { name: '', title: 'Overview', component: Overview },
  { name: 'actors', title: 'Actors', component: Actors },
];

/** Across the top of every view, while it has something to say. */
export const BANNERS: readonly ComponentType[] = [Story];
