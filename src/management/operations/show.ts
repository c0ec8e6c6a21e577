/**
 * Management call: one operation as it stands now.
 *
 * @module
 */

import type { OperationView } from '../../../actors/port.ts';
import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';

export const showOperation = storeCall<{ readonly id: string }, OperationView>({
  name: 'operation.show',
  summary: 'One operation as it stands now, with its subject and history, without its payload.',
  capability: 'viewSubjects',
  params: { id: ID },
  audited: ['id'],
  override: null,
  run: ({ records }, { id }) => records.view(id),
});
