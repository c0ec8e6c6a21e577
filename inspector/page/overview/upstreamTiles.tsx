/**
 * All upstreams, those with trouble first; if there are many, each healthy one is a line that opens.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import type { Overview, QueueRow, UpstreamOverview } from '../../protocol.ts';
import { Fact, Facts, usePage } from '../kit/page.tsx';
import { Ago, Mark, Since, Until } from '../kit/text.tsx';
import { type FlowSample, flowShape } from '../model/flowShape.ts';
import { formatRoute, waitsAt } from '../model/route.ts';
import { crisesSaid } from '../model/troubles.ts';
import {
  breakerSaid,
  causesText,
  holdSaid,
  isShut,
  levelSaid,
  paceSaid,
  phaseSaid,
  type Said,
  storageSaid,
  waitText,
} from '../words/health.ts';
import { countOf, countText, shareText, spanText } from '../words/news.ts';
import { type Tone, toneRank } from '../words/tone.ts';

const NO_SAMPLES: readonly FlowSample[] = [];
const NO_QUEUE: readonly QueueRow[] = [];

/** The tone of an upstream: one that takes no crisis is never shown as well (docs/health.md). */
function toneOfUpstream(
  { name, breaker, level, hold, overhanging }: UpstreamOverview,
  { undelivered }: Pick<Overview, 'undelivered'>,
): Tone {
  const crises = undelivered.find((at) => at.upstream === name);
  const tones: readonly Tone[] = [
    breakerSaid(breaker)[0],
    breaker === 'untried' ? 'quiet' : levelSaid(level)[0],
    ...(crises === undefined ? [] : [crises.isLong ? ('bad' as const) : ('warn' as const)]),
    ...(hold === null && overhanging === 0 ? [] : ['warn' as const]),
  ];
  return tones.reduce((worst, tone) => (toneRank(tone) < toneRank(worst) ? tone : worst));
}

function UpstreamTile({ upstream }: { readonly upstream: UpstreamOverview }) {
  const { name, breaker, level, causes, downSinceAtMs, nextTryAtMs, hold, waits } = upstream;
  const samples = usePage((page) => page.flow[name] ?? NO_SAMPLES);
  const crises = usePage(({ overview }) =>
    overview?.undelivered.find((at) => at.upstream === name),
  );
  // Crises do not count for the breaker, so a closed one does not show the upstream as well.
  const isDeaf = crises?.isTakingNone === true && !isShut(breaker);
  const [breakerTone, breakerText] = isDeaf
    ? ([crises.isLong ? 'bad' : 'warn', 'Takes no crisis'] as const)
    : breakerSaid(breaker);
  const [levelTone, levelText] = levelSaid(level);
  const [paceTone, paceText] = paceSaid(upstream.pace);
  // An untried upstream may be up or down.
  const isUntried = breaker === 'untried';
  const { recoveries, ratePerSecond, overhanging } = upstream;
  return (
    <article class={`panel tile ${breakerTone}`} aria-label={`Upstream ${name}`}>
      <header>
        <h3>
          <a href={formatRoute({ view: 'actors', query: { upstream: name } })}>{name}</a>
        </h3>
        <Mark tone={breakerTone}>{breakerText}</Mark>
      </header>
      <FlowLine upstream={upstream} samples={samples} />
      <Facts>
        <Waiting upstream={name} />
        {crises === undefined ? null : (
          <Fact name="Crises">
            <Mark tone={crises.isLong ? 'bad' : 'warn'}>{crises.says}</Mark>,{' '}
            <Since atMs={crises.sinceAtMs} />
          </Fact>
        )}
        {downSinceAtMs === null ? null : (
          <Fact name={isUntried ? 'Was down' : 'Down'}>
            <Since atMs={downSinceAtMs} />
          </Fact>
        )}
        {nextTryAtMs === null ? null : (
          <Fact name="Next try">
            <Until atMs={nextTryAtMs} />
          </Fact>
        )}
        {hold === null ? null : (
          <Fact name="Order">
            {holdSaid(hold)} <Since atMs={hold.sinceAtMs} />
          </Fact>
        )}
        {isUntried ? null : (
          <Fact name="Pace">
            <Mark tone={paceTone}>{paceText}</Mark>
            {ratePerSecond === null ? '' : `, at most ${Math.round(ratePerSecond)} a second`}
          </Fact>
        )}
        {isUntried ? null : (
          <Fact name="Level">
            <Mark tone={levelTone}>{levelText.toLowerCase()}</Mark> {causesText(causes, 'it')}
          </Fact>
        )}
        {waits === null ? null : <Fact name="New work">waits: {waitText(waits)}</Fact>}
        {overhanging === 0 ? null : (
          <Fact name="Silent">
            <Mark tone="warn">{countOf(overhanging, 'handler')} beyond the time-out</Mark>
          </Fact>
        )}
        <Fact name="Time-out">
          {spanText(upstream.timeoutMs)}; usually {shareText(upstream.usualFailureShare)} fail
        </Fact>
        <Fact name="Recoveries">
          {recoveries.times === 0
            ? 'none yet'
            : `${recoveries.times}: ${spanText(recoveries.meanMs)} on average, ${spanText(recoveries.longestMs)} at most`}
        </Fact>
      </Facts>
    </article>
  );
}

/** The number of waiting operations, in memory and on disk, and the age of the oldest. */
function Waiting({ upstream }: { readonly upstream: string }) {
  const queue = usePage(({ overview }) => overview?.queue ?? NO_QUEUE);
  const { turn, inLane, oldestAtMs } = waitsAt(queue, upstream);
  if (turn + inLane === 0) return null;
  return (
    <Fact name="Waiting">
      <b>{countOf(turn, 'operation')}</b>
      {oldestAtMs === null ? null : (
        <>
          , the oldest for <Ago atMs={oldestAtMs} />
        </>
      )}
      {inLane === 0 ? null : `, ${countText(inLane)} behind others of their entity`}
    </Fact>
  );
}

const WIDTH = 240;
const HEIGHT = 44;

function FlowLine(props: {
  readonly upstream: UpstreamOverview;
  readonly samples: readonly FlowSample[];
}) {
  const { inFlight, slots, slotsMax } = props.upstream;
  const shape = flowShape(props.samples, WIDTH, HEIGHT);
  const told =
    shape === null ? '' : `; in the last two minutes ${shape.least} to ${shape.most} in flight`;
  return (
    <figure class="flow">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${inFlight} in flight of ${slots} slots, ${slotsMax} at most${told}`}
      >
        {shape === null ? null : (
          <>
            <path class="area" d={shape.area} />
            <path class="slots" d={shape.slots} vector-effect="non-scaling-stroke" />
          </>
        )}
      </svg>
      {shape === null ? null : (
        <p class="scale" aria-hidden="true">
          <span>2 min ago</span>
          <span>height {shape.top}</span>
          <span>now</span>
        </p>
      )}
      <figcaption aria-hidden="true">
        <i class="key area" /> <b>{inFlight}</b> in flight, <i class="key line" /> <b>{slots}</b>{' '}
        slots of {slotsMax} at most
      </figcaption>
    </figure>
  );
}

/** Up to this many upstreams have a tile each. */
const TILES_MAX = 6;

export function UpstreamTiles({ overview }: { readonly overview: Overview }) {
  const { upstreams } = overview;
  const shown = inOrder(overview);
  const isWell = (upstream: UpstreamOverview): boolean =>
    toneOfUpstream(upstream, overview) === 'good';
  const lines = upstreams.length > TILES_MAX ? shown.filter(isWell) : [];
  return (
    <section aria-label="Upstreams">
      <div class="tiles">
        {shown
          .filter((upstream) => !lines.includes(upstream))
          .map((upstream) => (
            <UpstreamTile key={upstream.name} upstream={upstream} />
          ))}
      </div>
      {lines.length === 0 ? null : (
        <div class="panel upstream-lines">
          {lines.map((upstream) => (
            <Line key={upstream.name} upstream={upstream} overview={overview} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Sorts the worst first, then by name; one that nothing was sent to comes last of its tone. */
function inOrder(overview: Overview): readonly UpstreamOverview[] {
  const rank = (upstream: UpstreamOverview): number => toneRank(toneOfUpstream(upstream, overview));
  return overview.upstreams.toSorted(
    (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name),
  );
}

function Line(props: { readonly upstream: UpstreamOverview; readonly overview: Overview }) {
  const { upstream, overview } = props;
  const { name, inFlight, slots } = upstream;
  const { turn, inLane } = waitsAt(overview.queue, name);
  const waiting = turn + inLane;
  return (
    <details>
      <summary>
        <Mark tone="good">{name}</Mark>{' '}
        <span class="soft">
          {inFlight} in flight / {slots} slots{waiting === 0 ? '' : `, ${countText(waiting)} wait`}
        </span>
      </summary>
      <UpstreamTile upstream={upstream} />
    </details>
  );
}

export function Strip({ overview }: { readonly overview: Overview }) {
  const { operations, eventLoop, causes } = overview;
  const count = (name: string): string => countText(operations[name] ?? 0);
  return (
    <dl class="strip">
      <Cell name="Phase" said={phaseSaid(overview.phase)}>
        {overview.isHeld ? 'its store is held' : ''}
      </Cell>
      <Cell name="Level of the process" said={levelSaid(overview.level)}>
        {causesText(causes)}
      </Cell>
      <Cell name="Crises" said={crisesSaid(overview)} />
      <Cell name="Storage" said={storageSaid(overview.storage.state)} />
      <Cell name="Event loop" said={loopSaid(eventLoop.delayMs)}>
        {eventLoop.longestMs > eventLoop.delayMs ? `longest ${spanText(eventLoop.longestMs)}` : ''}
      </Cell>
      <div>
        <dt>Operations</dt>
        <dd>
          {count('inMemory')} in memory
          <small>
            {count('attemptsRunning')} in flight; {count('accepted')} accepted, {count('completed')}{' '}
            delivered
          </small>
        </dd>
      </div>
    </dl>
  );
}

function Cell(props: {
  readonly name: string;
  readonly said: Said;
  readonly children?: ComponentChildren;
}) {
  const [tone, text] = props.said;
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <Mark tone={tone}>{text}</Mark>
        <small>{props.children}</small>
      </dd>
    </div>
  );
}

const LATE_MS = 50;
const BLOCKED_MS = 200;

function loopSaid(delayMs: number): Said {
  const tone = delayMs >= BLOCKED_MS ? 'bad' : delayMs >= LATE_MS ? 'warn' : 'good';
  return [tone, `${spanText(delayMs)} late`];
}
