/**
 * Planted bugs of kills, restarts, stops and clocks, and of what upstreams never give back.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const PROCESSES: readonly Plant[] = [
  {
    name: 'breaker-without-probes',
    file: 'actors/upstream/breaker.ts',
    find: '    return hasPermit(this.snapshot, permitId);',
    replace: '    return false;',
    says: 'A breaker that has opened lets no probe out, so its upstream never comes back.',
    finds: /^(still waiting|held up by others): /,
    seedsMax: 6,
  },
  {
    name: 'parked-without-probes',
    file: 'actors/upstream/parkedWork.ts',
    find: '      if (dueAtMs > nowMs || !this.#isTurnOf(key)) continue;',
    replace: '      if (dueAtMs >= 0 || !this.#isTurnOf(key)) continue;',
    says: 'What is parked by itself is never tried again, so it waits although its endpoint is well.',
    finds: /^(still waiting|held up by others|end of a wait is past): /,
    about: 'upstream',
    seedsMax: 10,
  },
  {
    name: 'all-slots-after-an-outage',
    file: 'machines/policy/flow/flowMeter.ts',
    find: '    this.#slots = slotsAfterOutage(this.#policy, Number.isFinite(found) ? found : this.#slots);',
    replace: '    this.#slots = this.#policy.slotsMax;',
    says: 'An upstream that is just back gets all that waited for it at once.',
    finds: /^all at once after an outage: /,
    about: 'upstream',
    seedsMax: 10,
  },
  {
    name: 'permits-lost',
    file: 'actors/upstream/upstreamScheduler.ts',
    find: "    const wasTold = permit.state === 'timedOut';\n    this.#inFlight -= 1;",
    replace:
      "    const wasTold = permit.state === 'timedOut';\n    if (nowMs % 10 >= 1) this.#inFlight -= 1;",
    says: 'One permit of ten does not come back, until nothing goes out any more.',
    finds: /^(still waiting|slot leaked|held up by others): /,
    seedsMax: 6,
  },
  {
    name: 'least-urgent-never',
    file: 'actors/upstream/upstreamScheduler.ts',
    find: '    if (!this.#isOpenTo(asker, nowMs) && !this.#answer(asker, nowMs).may) return null;',
    replace:
      '    if (asker.urgency > 6) return null;\n    if (!this.#isOpenTo(asker, nowMs) && !this.#answer(asker, nowMs).may) return null;',
    says: 'The least urgent work gets no slot, whatever else there is.',
    finds: /^still waiting: /,
    seedsMax: 6,
  },
  {
    name: 'timers-after-close',
    file: 'actors/engine.ts',
    find: '      this.timers.stop();',
    replace: '',
    says: 'Timers go on after the runtime has closed, and keep the program from ending.',
    finds: /^timer leaked: /,
    seedsMax: 3,
  },
  {
    name: 'rows-of-before-taken-up',
    file: 'actors/work/staleReads.ts',
    find: '        if (watch.isStale(row)) onStale(row);\n        else take(row);',
    replace: '        take(row);',
    says: 'What has been cancelled since a page of rows was read goes on from its row of before.',
    finds: /^defect of its own: An update was refused/,
    seedsMax: 20,
  },
];
