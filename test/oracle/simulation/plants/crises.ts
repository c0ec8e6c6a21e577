/**
 * Planted bugs of crises, and of the notices to people about them.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CRISES: readonly Plant[] = [
  {
    name: 'note-taken-for-acknowledgement',
    file: 'machines/crisis/crisisSetup.ts',
    find: '      !hasChain || context.escalation.toldAtMs !== null,',
    replace: '      !hasChain || context.escalation.toldAtMs !== undefined,',
    says: 'Whoever acknowledges a crisis before anybody was told silences it.',
    finds: /^(taken on before anybody was told|nobody was told): /,
    about: 'crisis people',
    seedsMax: 20,
  },
  {
    name: 'lapses-by-a-clock-that-was-set',
    file: 'machines/crisis/crisisSetup.ts',
    find: '      const leftMs = Math.min(lastsMs - askAfterMs(lastsMs), takenOn.untilMs - atMs);',
    replace:
      '      const leftMs = Math.max(lastsMs - askAfterMs(lastsMs), takenOn.untilMs - atMs);',
    says: 'A crisis that somebody has taken on stays theirs for as long as the clock was set back since.',
    finds: /^(crisis not escalated|nobody was told): /,
    about: 'crisis people clock',
    seedsMax: 20,
  },
  {
    name: 'crises-share-a-key',
    file: 'machines/operation/keys.ts',
    find: '\\0${crisis.fingerprint}\\0${window}`;',
    replace: '\\0${window}`;',
    says: 'Of two crises under one key of the app one reaches nobody.',
    finds: /^(body changed|completed without effect|never attempted): /,
    seedsMax: 20,
  },
  {
    name: 'escalated-far-too-late',
    file: 'actors/escalation/escalations.ts',
    find: '        return { atMs: acceptedAtMs + escalateAfterMs, waitMs: escalateAfterMs };',
    replace:
      '        return { atMs: acceptedAtMs + 100 * escalateAfterMs, waitMs: 100 * escalateAfterMs };',
    says: 'A crisis that is not delivered in time escalates after hours.',
    finds: /^crisis not escalated: /,
    about: 'crisis people',
    seedsMax: 20,
  },
  {
    name: 'help-lines-left-out',
    file: 'machines/policy/crisis/crisisResources.ts',
    find: '    return first.length === 0 ? others : Object.freeze([...first, ...others]);',
    replace: '    return first.length === 0 ? others : Object.freeze([...first]);',
    says: 'Who has a plan of their own is shown no help line.',
    finds: /^crisis answered without help: /,
    seedsMax: 10,
  },
  {
    name: 'plan-of-before-is-shown',
    file: 'actors/crisis/crisisPlans.ts',
    find: "    if (result?.kind === 'crisisPlanKept') atHand.changed(subject, result.kept);",
    replace: "    if (result?.kind === 'crisisPlanUnreadable') atHand.changed(subject, null);",
    says: 'A crisis is answered with the plan that was kept before, or with none.',
    finds: /^crisis answered without its plan: /,
    seedsMax: 10,
  },
  {
    name: 'webhook-not-signed',
    file: 'src/crisis/escalationOptions.ts',
    find: '    if (secret !== undefined) {',
    replace: "    if (secret === '') {",
    says: 'A webhook that has a secret is not signed, so the pager can tell nobody from anybody.',
    finds: /^notice is wrong: it is not signed/,
    seedsMax: 20,
  },
  {
    name: 'undelivered-crisis-not-in-health',
    file: 'src/views/healthFindings.ts',
    find: '    if (!isLong) continue;',
    replace: '    if (isLong) continue;',
    says: 'Health says nothing of crises that are not delivered once somebody has taken them on.',
    finds: /^health is silent of a crisis: /,
    about: 'crisis people',
    seedsMax: 20,
  },
  {
    name: 'unacknowledged-crisis-not-critical',
    file: 'src/views/healthFindings.ts',
    find: "      ...{ id: 'crisesUnacknowledged', component, health: 'critical' },",
    replace: "      ...{ id: 'crisesUnacknowledged', component, health: 'degraded' },",
    says: 'Health is degraded only while nobody has taken on a crisis that is not delivered.',
    finds: /^health is silent of a crisis: /,
    seedsMax: 20,
  },
  {
    name: 'unheard-step-given-up',
    file: 'machines/crisis/crisisSetup.ts',
    find: '          ...{ outcome, atMs, cutOff: 0, owedAtMs: retryAtMs },',
    replace: '          ...{ outcome, atMs, cutOff: 0, owedAtMs: null },',
    says: 'A step of the chain that was not heard is never called again, so an outage of a minute leaves everybody untold.',
    finds: /^nobody was told: /,
    about: 'crisis people',
    seedsMax: 20,
  },
  {
    name: 'taken-on-for-ever',
    file: 'machines/crisis/crisisSetup.ts',
    find: '      const waitMs = Math.max(0, askAfterMs(untilMs - atMs));',
    replace: '      const waitMs = Math.max(0, 1_000 * askAfterMs(untilMs - atMs));',
    says: 'Who has taken a crisis on once silences it for weeks.',
    finds: /^nobody was told: .* again/,
    about: 'crisis people',
    seedsMax: 20,
  },
];
