/**
 * Every management call there is: what the files of the subjects export. The runtime's API, the control socket, the
 * command line and the inspector's page derive from this list.
 *
 * @module
 */

import * as audit from './audit.ts';
import * as breaker from './breaker.ts';
import * as conflicts from './conflicts.ts';
import * as crises from './crises.ts';
import * as crisisMode from './crisisMode.ts';
import * as deadLetters from './deadLetters.ts';
import type { AnyCall } from './managementCall.ts';
import * as operations from './operations.ts';
import * as policies from './policies.ts';
import * as quarantine from './quarantine.ts';
import * as store from './store.ts';
import * as subjects from './subjects.ts';

const SUBJECTS: readonly Readonly<Record<string, unknown>>[] = [
  store,
  operations,
  conflicts,
  deadLetters,
  quarantine,
  crises,
  breaker,
  crisisMode,
  policies,
  audit,
  subjects,
];

export const MANAGEMENT_CALLS: readonly AnyCall[] = SUBJECTS.flatMap((subject) =>
  Object.values(subject).filter(isCall),
);

function isCall(value: unknown): value is AnyCall {
  return typeof value === 'object' && value !== null && 'worksOn' in value;
}
