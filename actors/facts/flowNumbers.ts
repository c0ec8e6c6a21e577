/**
 * The numbers in the news of a flow meter, for its fact (PF-6).
 *
 * @module
 */

import type { FlowNews } from '../../machines/policy/flow/flowNews.ts';
import type { FlowChanged } from './fact.ts';

/** @param rate the learned rate before, in calls a second; `null` for none */
export function flowNumbers(
  news: Exclude<FlowNews, { type: 'outage.detected' }>,
  rate: number | null,
): Pick<FlowChanged, 'from' | 'to' | 'because'> {
  switch (news.type) {
    case 'ramp.ended':
      return { from: null, to: news.slots, because: news.because };
    case 'rate.learned':
      return { from: rate, to: news.perSecond, because: null };
    case 'rate.lifted':
      return { from: rate, to: null, because: null };
    default:
      return { from: news.from, to: news.to, because: news.because };
  }
}
