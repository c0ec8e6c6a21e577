/**
 * Profiles: read through, and changed under the ETag that the client has seen. A change that meets another
 * version waits as `conflicted`, until the client withdraws it and makes it anew on what is there now.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify';
import { transientFailure } from 'holdfast';
import type { z } from 'zod';
import { baseOf, callerOf, keyOf } from './caller.js';
import { standingOf } from './standing.js';
import type { profile, Sync } from './sync.js';

interface OfProfile {
  readonly Params: { readonly id: string };
}
interface OfChange {
  readonly Params: { readonly id: string; readonly change: string };
}

export function addProfiles(app: FastifyInstance, sync: Sync, profilesUrl: string): void {
  // Nothing of a read has to be kept: it is guarded by the breaker of the upstream, and that is all.
  app.get<OfProfile>('/profiles/:id', async (request, reply) => {
    callerOf(request);
    const url = `${profilesUrl}/profiles/${encodeURIComponent(request.params.id)}`;
    const found = await sync.call(
      'profiles',
      async ({ signal }) => {
        const answer = await fetch(url, { signal });
        if (answer.status >= 500) throw transientFailure('No profile.', { status: answer.status });
        return {
          status: answer.status,
          etag: answer.headers.get('etag'),
          body: await answer.text(),
        };
      },
      { deadlineMs: 3_000 },
    );
    if (found.etag !== null) void reply.header('etag', found.etag);
    return await reply.code(found.status).type('application/json').send(found.body);
  });

  app.put<OfProfile>('/profiles/:id', async (request, reply) => {
    const { id } = request.params;
    const operation = await sync.sync({
      type: 'profiles.put',
      subject: callerOf(request),
      // Changes of one profile go out one after the other.
      entity: { type: 'profile', id },
      tier: 'basic',
      idempotencyKey: keyOf(request),
      base: baseOf(request),
      path: `profiles/${encodeURIComponent(id)}`,
      payload: request.body as z.input<typeof profile>,
    });
    const location = `/profiles/${encodeURIComponent(id)}/changes/${operation.id}`;
    return await reply.code(202).header('location', location).send({ id: operation.id });
  });

  app.get<OfChange>('/profiles/:id/changes/:change', async (request, reply) => {
    const operation = sync.getOperation<'profiles.put'>(request.params.change);
    const { standing, outcome } = await standingOf(operation, {
      type: 'profiles.put',
      subject: callerOf(request),
    });
    // The version that the change made, as the upstream has named it.
    const etag = outcome?.answer?.headers?.['etag'];
    if (etag !== undefined) void reply.header('etag', etag);
    return standing;
  });

  /** Withdraws a change, so that the next one of this profile goes on. */
  app.delete<OfChange>('/profiles/:id/changes/:change', async (request, reply) => {
    const operation = sync.getOperation<'profiles.put'>(request.params.change);
    await standingOf(operation, { type: 'profiles.put', subject: callerOf(request) });
    await operation.cancel();
    return await reply.code(204).send();
  });
}
