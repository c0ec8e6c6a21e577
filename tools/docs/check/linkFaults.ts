/**
 * Links of written pages that lead nowhere: to a file that is not there, or to a place that a page has not.
 *
 * @module
 */

import { posix } from 'node:path';
import type { SourceFile } from '../text/requirements.ts';

/** Links of Markdown, and of the HTML in it. */
const LINK = /\]\(([^)\s]+)\)|\b(?:href|src)="([^"]+)"/g;
const PLACE = /<a id="([^"]+)">/g;
const HEADING = /^#{1,6} (.+)$/gm;

/**
 * `textOf` reads a page that is not among those written; `null` where it is not there. A file that is no page
 * is only asked for.
 */
export function linkFaults(
  pages: readonly SourceFile[],
  textOf: (path: string) => string | null,
): readonly string[] {
  const places = new Map<string, ReadonlySet<string> | null>();
  const placesOf = (path: string): ReadonlySet<string> | null => {
    const known = places.get(path);
    if (known !== undefined) return known;
    const text = pages.find((page) => page.path === path)?.text ?? textOf(path);
    const found = text === null ? null : placesIn(text);
    places.set(path, found);
    return found;
  };
  return pages
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      targetsIn(text).flatMap((target) => {
        const [file = '', place = ''] = target.split('#');
        const to = file === '' ? path : posix.join(posix.dirname(path), file);
        const found = placesOf(to);
        if (found === null) return [`${path}: a link leads to ${to}, which is not there`];
        if (place === '' || !to.endsWith('.md') || found.has(place)) return [];
        return [`${path}: a link leads to ${to}#${place}, and there is no such place`];
      }),
    );
}

/** What the links of a page lead to, each once, but for those that leave the repository. */
function targetsIn(text: string): readonly string[] {
  const targets = [...withoutCode(text).matchAll(LINK)].map(
    ([, target, attribute = '']) => target ?? attribute,
  );
  return [...new Set(targets)].filter((target) => !/^[a-z]+:/.test(target));
}

function placesIn(text: string): ReadonlySet<string> {
  const named = [...text.matchAll(PLACE)].map(([, id = '']) => id);
  const headings = [...withoutBlocks(text).matchAll(HEADING)].map(([, title = '']) => slug(title));
  return new Set([...named, ...headings]);
}

/** The place that GitHub makes of a heading. */
function slug(title: string): string {
  return title
    .replaceAll(/<[^>]*>/g, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replaceAll(/``?[^`\n]*``?/g, '');
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^(```+)[\s\S]*?^\1$/gm, '');
}
