/**
 * The page of `holdfast demo --inspect`: the demo begins when somebody looks, tells its story there, and stays
 * until it is ended.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Note } from '../../inspector/protocol.ts';
import { openBrowser } from '../cli/inspector/openBrowser.ts';
import { serveStorePage } from '../cli/inspector/storePage.ts';
import { Story } from '../cli/inspector/story.ts';
import { hasKeyboard, onEnter } from '../cli/kit/enterKey.ts';
import { errorText, type Output } from '../cli/kit/output.ts';

export interface DemoPageOptions {
  readonly port: number;
  readonly operate: boolean;
  readonly open: boolean;
  readonly json: boolean;
}

/** Nobody may come: then it begins all the same. */
const PAGE_WITHIN_MS = 30_000;

export interface DemoPage {
  /** Resolves when a page has come, at Enter, or after a while; at once when `stop` is told. */
  readonly somebodyLooks: Promise<void>;
  /** Whether somebody sits at the terminal, who ends it. */
  readonly isKept: boolean;
  readonly tell: (text: string, tone?: Note['tone']) => void;
  readonly close: () => Promise<void>;
}

export async function openDemoPage(
  store: string,
  { port, operate, open, json }: DemoPageOptions,
  output: Output,
): Promise<DemoPage> {
  const story = new Story();
  const isTerminal = hasKeyboard() && !json;
  let begin = (): void => undefined;
  const somebodyLooks = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const page = await serveStorePage({
    ...{ store, port, operate, story },
    onError: (error) => {
      output.say(errorText(error));
    },
    onWatched: begin,
  });
  const cancel = systemClock.schedule(PAGE_WITHIN_MS, begin);
  let isBegun = false;
  void somebodyLooks.then(() => {
    isBegun = true;
    cancel();
  });
  const forgetEnter = isTerminal
    ? onEnter(() => {
        if (isBegun) output.say(page.newLink());
        begin();
      })
    : null;
  output.say(page.link);
  const enter = isTerminal ? ' or you press Enter,' : '';
  output.say(
    `Open it in a browser of this machine. The demo begins once the page is there,${enter} at the latest in ${PAGE_WITHIN_MS / 1_000} s.`,
  );
  const opened = open ? await openBrowser(page.newLink(), somebodyLooks) : null;
  if (typeof opened?.trouble === 'string') {
    output.say(`No browser was opened: ${opened.trouble}. Open the link by hand.`);
  }
  return {
    somebodyLooks,
    isKept: isTerminal,
    tell: (text, tone) => {
      story.tell(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`, tone);
    },
    close: async () => {
      begin();
      forgetEnter?.();
      await page.close();
      opened?.forget();
    },
  };
}
