/**
 * The drill while upstreams fail: held by operators, away, silent, or refusing crises alone.
 *
 * @module
 */

import { becomes } from '../measure/figures.ts';
import { CRISIS_TYPE } from '../stage/crises.ts';
import { HELPERS, WORK, WORK_TYPE } from '../stage/stage.ts';
import { keepInFlight } from './ballast.ts';
import type { Scenario } from './scenario.ts';

const CALLERS = 20;
/** How often all is refused. */
const ROUNDS = 2;

export const breakersOpen: Scenario = {
  name: 'breakers-open',
  title: 'All breakers open',
  means: 'an order of an operator holds the breaker of every upstream open',
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell();
    const all = [HELPERS, WORK].map((name) => runtime.upstream(name));
    for (const upstream of all) upstream.forceOpen('the drill', 'drill');
    const work = keepInFlight(runtime, CALLERS, 0);
    await stage.stream(runtime);
    work.stop();
    for (const { name, breaker } of all) {
      stage.saw(breaker === 'forcedOpen', `the breaker of ${name} was ${breaker} to the end`);
    }
  },
};

export const offline: Scenario = {
  name: 'offline',
  title: 'Offline for a minute, then back',
  means: 'the upstream closes its port and cuts every connection; later it opens it again',
  wellMeans: 'the port is open again',
  seconds: { full: 80, short: 6 },
  async run(stage) {
    const runtime = await stage.openWell();
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 8);
    await stage.upstream.goOffline();
    await stage.pauseFor(3 / 4);
    const { retries } = runtime.getHealthStatus().operations;
    stage.saw(retries > 0, `${retries} attempts were repeated while it was away`);
    await stage.upstream.comeBack();
    stage.wellNow();
    await answers;
  },
};

export const stalled: Scenario = {
  name: 'stalled',
  title: 'Upstream stalled',
  means:
    'its process is stopped with SIGSTOP: connections are taken, and nothing answers; later SIGCONT',
  wellMeans: 'it goes on',
  seconds: { full: 40, short: 6 },
  async run(stage) {
    const runtime = await stage.openWell();
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 8);
    stage.upstream.stall();
    await stage.pauseFor(3 / 4);
    const { attemptsRunning } = runtime.getHealthStatus().operations;
    stage.saw(attemptsRunning > 0, `${attemptsRunning} deliveries hung when it went on`);
    stage.upstream.goOn();
    stage.wellNow();
    await answers;
  },
};

export const refusing: Scenario = {
  name: 'refusing',
  title: 'Upstream refusing crises only',
  means: 'it answers 503, 500 or 422 to each crisis, and 200 to everything else',
  wellMeans: 'it takes crises again',
  seconds: { full: 40, short: 6 },
  async run(stage) {
    const runtime = await stage.openWell();
    const work = keepInFlight(runtime, CALLERS, 50);
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 8);
    await stage.upstream.refuseCrises();
    await stage.pauseFor(3 / 4);
    const refused = await stage.upstream.refused();
    const { completed } = runtime.getHealthStatus().operations;
    await stage.upstream.allowCrises();
    stage.wellNow();
    stage.saw(refused > 0, `${refused} deliveries were refused`);
    stage.saw(completed > 0, `${completed} operations were served meanwhile`);
    await answers;
    work.stop();
  },
};

export const breakerByItself: Scenario = {
  name: 'breaker',
  title: 'A breaker that opens, half opens and closes by itself',
  means:
    'the upstream of the crises, which other work shares, answers 503 to everything for a while, again and again',
  wellMeans: 'it takes crises for good',
  seconds: { full: 24, short: 8 },
  async run(stage) {
    // Crises and other work share the upstream, and so its breaker.
    const both = { ...stage.workHandler, upstream: HELPERS };
    const runtime = await stage.openWell({
      handlers: { [CRISIS_TYPE]: stage.crisisHandler, [WORK_TYPE]: both },
    });
    const seen = new Map<string, number>();
    runtime.subscribe((fact) => {
      if (fact.kind === 'breaker.changed') seen.set(fact.to, (seen.get(fact.to) ?? 0) + 1);
    });
    const work = keepInFlight(runtime, CALLERS, 50);
    const answers = stage.stream(runtime);
    for (let round = 0; round < ROUNDS; round += 1) {
      await stage.pauseFor(1 / (6 * ROUNDS));
      await stage.upstream.beBusy();
      await stage.pauseFor(1 / (2 * ROUNDS));
      await stage.upstream.beFree();
      stage.wellNow();
      await stage.pauseFor(1 / (3 * ROUNDS));
    }
    await answers;
    const isClosed = await becomes(() => runtime.upstream(HELPERS).breaker === 'closed', 20_000);
    work.stop();
    const times = [...seen].map(([to, count]) => `${to} ${count} times`).join(', ');
    stage.saw(
      ['open', 'halfOpen', 'closed'].every((state) => seen.has(state)),
      `the breaker was ${times === '' ? 'never changed' : times}`,
    );
    stage.saw(isClosed, `in the end it was ${runtime.upstream(HELPERS).breaker}`);
  },
};
