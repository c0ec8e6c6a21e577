/**
 * Set up for every file of tests: notes which transitions the charts of every runtime take, by the tap of its
 * engine. A system of actors counts as that of a runtime once it has what only an engine has together, a
 * supervisor and the health of storage; what it took before is counted then.
 *
 * @module
 */

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { coverRuntime } from './transitionCoverage.ts';

type Took = readonly [AnyStateMachine, readonly AnyTransitionDefinition[]];

interface Watched {
  readonly missing: Set<string>;
  before: Took[];
}

const watched = new WeakMap<ActorSystem, Watched>();
const component = Reflect.get<ActorSystem, 'component'>(ActorSystem.prototype, 'component');

// A set-up runs again for each file, in a process that it may share with those before.
if (component.name !== watchedComponent.name) ActorSystem.prototype.component = watchedComponent;

function watchedComponent(this: ActorSystem, name: string): ReturnType<typeof component> {
  const its = watched.get(this) ?? watch(this);
  its.missing.delete(name);
  if (its.missing.size === 0) {
    for (const took of its.before) coverRuntime(...took);
    its.before = [];
  }
  return component.call(this, name);
}

function watch(system: ActorSystem): Watched {
  const its: Watched = { missing: new Set(['supervisor', 'storageHealth']), before: [] };
  watched.set(system, its);
  system.charts.attach({
    began: () => undefined,
    stepped: ({ machine, transitions }) => {
      if (its.missing.size === 0) coverRuntime(machine, transitions);
      else its.before.push([machine, transitions]);
    },
    ended: () => undefined,
  });
  return its;
}
