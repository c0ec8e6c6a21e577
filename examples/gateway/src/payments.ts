/**
 * Payments: accepted is kept. The answer is 202, and the client asks by the id how it went.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { callerOf, keyOf } from './caller.js';
import { standingOf } from './standing.js';
import type { payment, Sync } from './sync.js';

export function addPayments(app: FastifyInstance, sync: Sync): void {
  app.post('/payments', async (request, reply) => {
    const operation = await sync.sync({
      type: 'payments.push',
      subject: callerOf(request),
      tier: 'premium',
      idempotencyKey: keyOf(request),
      // The schema looks at it, and refuses what is no payment before anything is kept.
      payload: request.body as z.input<typeof payment>,
    });
    const { id, isDuplicate } = operation;
    return await reply.code(202).header('location', `/payments/${id}`).send({ id, isDuplicate });
  });

  app.get<{ Params: { id: string } }>('/payments/:id', async (request) => {
    const operation = sync.operations.get<'payments.push'>(request.params.id);
    const { standing, outcome } = await standingOf(operation, {
      type: 'payments.push',
      subject: callerOf(request),
    });
    if (outcome?.status !== 'completed') return standing;
    return { ...standing, receipt: outcome.response?.digest };
  });
}
