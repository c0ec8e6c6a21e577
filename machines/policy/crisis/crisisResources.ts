/**
 * What every answer to a crisis holds, ready in memory: nothing is made when it is asked for (CR-1).
 *
 * @module
 */

import {
  type AnsweredResource,
  type CrisisResource,
  type HelpLine,
  nearestFirst,
} from './crisisResource.ts';

export class CrisisResources {
  readonly #app: readonly AnsweredResource[];
  readonly #builtIn: readonly AnsweredResource[];
  /** By country; there are few hundred names for one. */
  readonly #byCountry = new Map<string | null, readonly AnsweredResource[]>();

  /** @param builtIn never empty */
  constructor(app: readonly CrisisResource[], builtIn: readonly HelpLine[]) {
    this.#app = app.map((resource) => frozen(resource, 'app'));
    this.#builtIn = builtIn.map((resource) => frozen(resource, 'builtIn'));
  }

  /** Resources of an answer: these first, then the app's, then the built-in ones. Frozen: answers share them. */
  after(first: readonly AnsweredResource[], country: string | null): readonly AnsweredResource[] {
    const others = this.#near(country);
    return first.length === 0 ? others : Object.freeze([...first, ...others]);
  }

  #near(country: string | null): readonly AnsweredResource[] {
    let resources = this.#byCountry.get(country);
    if (resources === undefined) {
      const ordered = [this.#app, this.#builtIn].flatMap((each) => nearestFirst(each, country));
      resources = Object.freeze(ordered);
      this.#byCountry.set(country, resources);
    }
    return resources;
  }
}

/** Every answer shares them, so no caller may change them. */
function frozen(resource: CrisisResource, from: AnsweredResource['from']): AnsweredResource {
  return Object.freeze({ ...resource, regions: Object.freeze([...resource.regions]), from });
}
