/**
 * The inspector's page in a process of its own: what it shows is made from the messages of the owner's feed, by the
 * page's model.
 *
 * @module
 */

import { applyMessages } from '../../../inspector/page/model/applyMessages.ts';
import { firstState, type PageState } from '../../../inspector/page/model/pageState.ts';
import { watchOwner } from '../../inspect/ownerFeed.ts';
import { newVessel, type ProcessParts, type Vessel } from './clientProcess.ts';
import { upgradeBy } from './door.ts';

export class Page {
  readonly vessel: Vessel;
  #state: PageState;
  readonly #leave: () => void;

  constructor(parts: ProcessParts) {
    this.vessel = newVessel(parts);
    const { clock, random } = this.vessel;
    this.#state = firstState(clock.now());
    this.#leave = watchOwner({
      ...{ folder: 'the store', clock, random },
      upgrade: upgradeBy(this.vessel, parts.door),
      listener: (messages) => {
        this.#state = applyMessages(this.#state, messages, clock.now());
      },
    });
  }

  /** What it shows now. */
  get state(): PageState {
    return this.#state;
  }

  close(): void {
    this.#leave();
  }
}
