/**
 * The inspector's page in a process of its own: the page's model turns messages of the owner's feed into what it
 * shows.
 *
 * @module
 */

import { applyMessages } from '../../../inspector/page/model/applyMessages.ts';
import { firstState, type PageState } from '../../../inspector/page/model/pageState.ts';
import { projectActor, type TappedActor } from '../../../inspector/projection/projection.ts';
import type { Overview, WatchedActor } from '../../../inspector/protocol.ts';
import { watchOwner } from '../../inspect/ownerFeed.ts';
import { newVessel, type ProcessParts, type Vessel } from './clientProcess.ts';
import { upgradeBy } from './door.ts';

export class Page {
  readonly vessel: Vessel;
  #state: PageState;
  readonly #leave: () => void;

  /** @param onOverview - receives each overview as it comes */
  constructor(parts: ProcessParts, onOverview: (overview: Overview) => void) {
    this.vessel = newVessel(parts);
    const { clock, random } = this.vessel;
    this.#state = firstState(clock.now());
    this.#leave = watchOwner({
      ...{ folder: 'the store', clock, random },
      upgrade: upgradeBy(this.vessel, parts.door),
      listener: (messages) => {
        this.#state = applyMessages(this.#state, messages, clock.now());
        const last = messages.findLast((message) => message.kind === 'overview');
        if (last !== undefined) onOverview(last.overview);
      },
    });
  }

  /** The state that it shows now. */
  get state(): PageState {
    return this.#state;
  }

  /** Lists the differences between the shown actors and the real ones. */
  differences(actors: Iterable<TappedActor>): readonly string[] {
    const { connection, actors: shown } = this.#state;
    if (connection.state !== 'live') return [`the page is ${connection.state}`];
    const really = wordsOf([...actors].map((actor) => projectActor(actor, null)));
    const onPage = wordsOf(shown.values());
    return [
      ...[...really].filter(([actor, is]) => onPage.get(actor) !== is).map(([, is]) => is),
      ...[...onPage]
        .filter(([actor]) => !really.has(actor))
        .map(([, is]) => `no such actor: ${is}`),
    ];
  }

  close(): void {
    this.#leave();
  }
}

/** Describes where each actor is, by its number. */
function wordsOf(actors: Iterable<WatchedActor>): ReadonlyMap<number, string> {
  return new Map(
    [...actors].map(({ actor, id, states }) => [actor, `${id} is ${states.join(' ')}`]),
  );
}
