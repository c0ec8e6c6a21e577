/**
 * Preferences of a user. For sharing data the stricter choice counts; about what keeps somebody reachable in a crisis
 * a person is asked.
 *
 * @module
 */

import { declareEntity } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { map } from '../rules/fields.ts';
import { ask, latest, strictest } from '../rules/single.ts';

const consent = strictest([false, true]);

export const preferences = declareEntity({
  type: 'preferences',
  title: 'Preferences',
  authority: 'the user',
  whileInReview: 'goesOut',
  fields: {
    consents: map(consent),
    consent: map(consent),
    crisisAlerts: ask(true),
    quietHours: latest(),
  },
  groups: { quietHours: { names: ['quietStart', 'quietEnd', 'quietTz'], rule: latest() } },
  named: [
    { pattern: /crisis|emergency/i, rule: anything(ask(true)) },
    {
      pattern: /consent|shar(e|ing)|marketing|research|analytics|tracking/i,
      rule: anything(consent),
    },
  ],
  other: anything(latest()),
});
