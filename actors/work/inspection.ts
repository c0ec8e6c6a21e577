/**
 * What may be watched of an engine that runs in this process (OB-1): its charts.
 *
 * @module
 */

import type { ActorSystem } from '../charts/actorSystem.ts';
import type { ChartedActor, ChartObserver } from '../charts/chartWatch.ts';
import { chartedActor, type Resident } from '../operation/resident.ts';
import type { OperationPool } from './operationPool.ts';

/** Looking on costs the engine something while it lasts, and nothing before and after. */
export interface Inspection {
  /**
   * Tells `observer` of every step of every chart that follows, until the returned function is called. It is
   * told in the midst of the step; what it throws harms nothing, and goes to `onError` once.
   */
  watch(observer: ChartObserver): () => void;
  /**
   * Every live actor: the components, and the operations that are in memory. Of thousands each is read when its turn
   * comes, as it stands by then, so that they can be gone through in pieces.
   */
  actors(): Iterable<ChartedActor>;
}

export function inspectionOf(
  { charts }: ActorSystem,
  { pool }: { readonly pool: Pick<OperationPool, 'residents'> },
): Inspection {
  return {
    watch: (observer) => charts.attach(observer),
    actors: () => charted(charts.components, pool.residents),
  };
}

function* charted(
  components: readonly ChartedActor[],
  residents: readonly Resident[],
): Generator<ChartedActor> {
  yield* components;
  for (const resident of residents) yield chartedActor(resident);
}
