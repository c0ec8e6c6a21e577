/**
 * Management call: switches crisis mode on for a subject or for everybody, or prolongs it.
 *
 * @module
 */

import type { CrisisModeState } from '../../../actors/port.ts';
import {
  MODE_MS_DEFAULT,
  MODE_MS_MAX,
  MODE_MS_MIN,
} from '../../../machines/policy/crisis/crisisMode.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { runtimeCall } from '../call/managementCall.ts';
import { PERSON, REASON, SUBJECT } from '../call/params.ts';
import { isForEverybody } from './params.ts';

export const enterCrisisMode = runtimeCall<
  {
    readonly subject?: string | undefined;
    readonly by: Person;
    readonly reason?: string | undefined;
    readonly forMs?: number | undefined;
  },
  Promise<CrisisModeState>
>({
  name: 'crisisMode.enter',
  summary: 'Switches crisis mode on for a subject, or for everybody; prolongs it where it is on.',
  capability: 'operate',
  needsRole: isForEverybody,
  params: {
    subject: SUBJECT,
    by: PERSON,
    reason: REASON,
    forMs: { min: MODE_MS_MIN, max: MODE_MS_MAX, whole: true },
  },
  audited: ['subject', 'by', 'reason', 'forMs'],
  override: { what: 'crisisMode.enter', about: () => ({}) },
  async run(runtime, { subject, by, reason, forMs }) {
    return await runtime.crisisModes.enter({
      subject: subject ?? null,
      by,
      reason: reason ?? null,
      forMs: forMs ?? MODE_MS_DEFAULT,
    });
  },
});
