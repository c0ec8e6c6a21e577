/**
 * The routes, put together.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify';
import { addCrisis } from './crisis.js';
import { addPayments } from './payments.js';
import { addProfiles } from './profiles.js';
import { answerRefusal } from './refusals.js';
import type { Settings, Sync } from './sync.js';

export async function addRoutes(
  app: FastifyInstance,
  sync: Sync,
  { profilesUrl }: Settings,
): Promise<void> {
  app.setErrorHandler(async (error, request, reply) => {
    if (answerRefusal(error, reply)) return await reply;
    request.log.error(error);
    throw error;
  });
  addPayments(app, sync);
  addProfiles(app, sync, profilesUrl);
  await addCrisis(app, sync);
  app.get('/health/live', () => ({ alive: true }));
  // For the load balancer: a process that waits for the store of the one before gets no traffic yet.
  app.get('/health/ready', async (_request, reply) => {
    const { phase, overall, reasons, crisisCapability } = sync.getHealthStatus();
    const code = phase === 'running' ? 200 : 503;
    return await reply.code(code).send({ phase, overall, reasons, crisisCapability });
  });
}
