/**
 * What makes a page scroll sideways.
 *
 * @module
 */

import type { Page } from 'playwright-core';

/** Runs in the page. What scrolls inside a box of its own is none of it. */
const TOO_WIDE = `(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return '';
  const wide = [...document.querySelectorAll('body *')].filter((element) => {
    if (element.getBoundingClientRect().right <= root.clientWidth + 1) return false;
    for (let box = element.parentElement; box !== null; box = box.parentElement) {
      if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(box).overflowX)) return false;
    }
    return true;
  });
  const names = wide.slice(0, 5).map((element) => element.tagName + '.' + (element.getAttribute('class') ?? ''));
  return root.scrollWidth + ' wide: ' + names.join(', ');
})()`;

/** What is wider than the screen, with how wide it makes the page; `''` for nothing. */
export async function tooWide(page: Page): Promise<string> {
  return await page.evaluate<string>(TOO_WIDE);
}
