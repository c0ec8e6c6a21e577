/**
 * What the page does with its link, without a browser: a session, then the feed and calls.
 *
 * @module
 */

import { vi } from 'vitest';
import type { FeedMessage } from '../../../inspector/protocol.ts';
import { HANGS_AFTER_MS } from '../hangs.ts';

/** Goes in by a link; one that lets nobody in gives no session. */
export async function enterPage(link: string) {
  const { origin, hash } = new URL(link);
  const ask = async (path: string, secret: string, init: RequestInit = {}) =>
    await fetch(`${origin}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    });
  const entered = await ask('/session', hash.replace('#token=', ''), { method: 'POST' });
  const { session, canOperate } = (await entered.json()) as {
    readonly session: string;
    readonly canOperate: boolean;
  };
  const messages: FeedMessage[] = [];
  const feed = await ask('/feed', session);
  void (async () => {
    let rest = '';
    try {
      for await (const chunk of feed.body as unknown as AsyncIterable<Uint8Array>) {
        const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) messages.push(...(JSON.parse(line) as FeedMessage[]));
      }
    } catch {
      // The command has ended.
    }
  })();
  const call = async (name: string, params: object) => {
    const body = JSON.stringify({ name, params });
    return (await (await ask('/call', session, { method: 'POST', body })).json()) as {
      readonly ok: boolean;
    };
  };
  const hears = async (what: (told: readonly FeedMessage[]) => boolean): Promise<void> => {
    await vi.waitFor(
      () => {
        if (!what(messages)) throw new Error(JSON.stringify(messages.slice(-3)));
      },
      { timeout: HANGS_AFTER_MS },
    );
  };
  return { canOperate, messages, call, hears };
}
