/**
 * Management call: tells how the runtime is doing.
 *
 * @module
 */

import type { HealthStatus } from '../../views/health.ts';
import { runtimeCall } from '../call/managementCall.ts';

export const health = runtimeCall<object, HealthStatus>({
  name: 'health',
  summary: 'How the runtime is doing at this moment.',
  capability: 'view',
  params: {},
  audited: null,
  override: null,
  run: (runtime) => runtime.health(),
});
