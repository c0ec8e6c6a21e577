/**
 * One upstream: whether calls go out, how many at once, and how that went in the last two minutes.
 *
 * @module
 */

import type { Overview, QueueRow, UpstreamOverview } from '../../protocol.ts';
import { usePage } from '../kit/page.tsx';
import { Fact, Facts } from '../kit/panel.tsx';
import { Ago, Mark, Since, Until } from '../kit/text.tsx';
import type { FlowSample } from '../model/flowLines.ts';
import { flowShape } from '../model/flowShape.ts';
import { waitsAt } from '../model/queue.ts';
import { formatRoute } from '../model/route.ts';
import { causesText, levelSaid } from '../words/health.ts';
import { countOf, countText, shareText, spanText } from '../words/time.ts';
import { type Tone, toneRank } from '../words/tone.ts';
import { breakerSaid, holdSaid, isShut, paceSaid, waitText } from '../words/upstream.ts';

const NO_SAMPLES: readonly FlowSample[] = [];
const NO_QUEUE: readonly QueueRow[] = [];

/** The tone of an upstream: one that takes no crisis is never shown as well (docs/health.md). */
export function toneOfUpstream(
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

export function UpstreamTile({ upstream }: { readonly upstream: UpstreamOverview }) {
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
