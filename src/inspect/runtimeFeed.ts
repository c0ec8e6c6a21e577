/**
 * The feed of this process, from its engine, for inspectors in it and for those of other processes
 * over the control socket.
 *
 * @module
 */

import type { Engine, Fact } from '../../actors/port.ts';
import { FACT_NEWS, NEWS_KINDS, NEWS_WANTED, newsWords } from '../../actors/port.ts';
import { Feed } from '../../inspector/feed/feed.ts';
import { toldCharts } from '../../inspector/projection/toldCharts.ts';
import type { FeedSource, Hello } from '../../inspector/protocol.ts';
import { machines } from '../../machines/index.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type OverviewSources, overviewOf } from './overview.ts';
import { ownVersion } from './ownVersion.ts';

export interface RuntimeFeedParts extends OverviewSources {
  readonly engine: Pick<Engine, 'health' | 'handlers' | 'inspection' | 'subscribe'>;
  readonly clock: Clock;
  /** The name of the runtime. */
  readonly name: string;
  readonly call: FeedSource['call'];
  readonly onError: (error: unknown) => void;
}

/** The charts, the same for all runtimes of this process. */
let charts: Hello['charts'] | null = null;

/** Makes the feed; it collects nothing before somebody watches, or it is opened. */
export function runtimeFeed(parts: RuntimeFeedParts): Feed {
  const { engine, clock, name, call, onError } = parts;
  return new Feed({
    ...{ clock, call, onError, inspection: engine.inspection },
    ...{ rules: FACT_NEWS, words: (fact) => newsWords(fact as Fact) },
    subscribe: (listener) => engine.subscribe(listener, NEWS_KINDS, NEWS_WANTED),
    about: {
      ...{ holdfast: ownVersion(), name, startedAtMs: clock.now() },
      get charts() {
        charts ??= toldCharts(machines);
        return charts;
      },
    },
    overview: () => overviewOf(parts),
  });
}
