/**
 * What is wrong with the picture of a chart, as a browser draws it.
 *
 * @module
 */

import type { Page } from 'playwright-core';

/** Runs in the page. */
const MISPLACED = `(() => {
  const faults = [];
  for (const group of document.querySelectorAll('.hc-state, .hc-link')) {
    const box = group.querySelector('rect')?.getBBox();
    if (box === undefined) continue;
    const texts = [...group.querySelectorAll('text')].map((text) => {
      const { x, y, width } = text.getBBox();
      return { said: text.textContent, x, y, right: x + width };
    });
    for (const [index, text] of texts.entries()) {
      if (text.x < box.x || text.right > box.x + box.width) faults.push('outside: ' + text.said);
      for (const other of texts.slice(index + 1)) {
        const isBeside = text.right <= other.x || other.right <= text.x;
        if (Math.abs(text.y - other.y) < 4 && !isBeside) faults.push(text.said + ' lies on ' + other.said);
      }
    }
  }
  return faults;
})()`;

/** Runs in the page: the least contrast of each tone with what may be behind it. */
const CONTRASTS = `(() => {
  const brightness = (element) => {
    const [r, g, b] = getComputedStyle(element).fill.match(/\\d+/g).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = ['.hc-frame', '.hc-card', '.hc-pill'].map((name) => document.querySelector(name));
  const tones = ['name', 'dim', 'order', 'event', 'guard', 'action', 'target'];
  return tones.map((tone) => {
    const text = brightness(document.querySelector('.hc-' + tone));
    const contrasts = behind.map(brightness).map((box) =>
      (Math.max(text, box) + 0.05) / (Math.min(text, box) + 0.05));
    return [tone, Math.min(...contrasts)];
  });
})()`;

/** Texts that leave their box or lie on another, as the browser has measured them. */
export async function misplacedTexts(page: Page): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(MISPLACED);
}

/** The contrast of each tone of its texts with the boxes behind them, at the least. */
export async function contrastsOf(
  page: Page,
): Promise<readonly (readonly [tone: string, contrast: number])[]> {
  return await page.evaluate<readonly (readonly [string, number])[]>(CONTRASTS);
}
