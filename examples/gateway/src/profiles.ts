/**
 * Profiles: read through, and changed under the ETag that the client has seen. A change that meets another
 * version waits as `conflicted`, until the client withdraws it and makes it anew on what is there now.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { type CallContext, type Outcome, transientFailure } from 'holdfast';
import type { z } from 'zod';
import { baseOf, callerOf, keyOf, Refusal } from './caller.js';
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
    const read = async ({ signal }: CallContext) => {
      const answer = await fetch(url, { signal });
      if (answer.status >= 500) throw transientFailure('No profile.', { status: answer.status });
      return { status: answer.status, etag: answer.headers.get('etag'), body: await answer.text() };
    };
    const found = await sync
      .call('profiles', read, { deadlineMs: 3_000 })
      .catch((error: unknown) => {
        // Down, too slow, or what `fetch` has thrown.
        request.log.warn(error);
        throw new Refusal(503, 'The profiles can not be reached now.');
      });
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
    void reply.header('location', `/profiles/${encodeURIComponent(id)}/changes/${operation.id}`);
    // Most changes are made within a moment: then the client is told at once. The others go on.
    const soon = await operation.wait({ timeoutMs: 1_000 });
    if (soon.status === 'pending') return await reply.code(202).send({ id: operation.id });
    tellVersion(soon, reply);
    return { id: operation.id, state: soon.status };
  });

  app.get<OfChange>('/profiles/:id/changes/:change', async (request, reply) => {
    const operation = sync.operations.get<'profiles.put'>(request.params.change);
    const { standing, outcome } = await standingOf(operation, {
      type: 'profiles.put',
      subject: callerOf(request),
    });
    if (outcome !== null) tellVersion(outcome, reply);
    return standing;
  });

  /** Withdraws a change, so that the next one of this profile goes on. */
  app.delete<OfChange>('/profiles/:id/changes/:change', async (request, reply) => {
    const operation = sync.operations.get<'profiles.put'>(request.params.change);
    await standingOf(operation, { type: 'profiles.put', subject: callerOf(request) });
    await operation.cancel();
    return await reply.code(204).send();
  });
}

/** The version that a change has made, as the upstream has named it. */
function tellVersion({ answer }: Outcome<unknown>, reply: FastifyReply): void {
  const etag = answer?.headers?.['etag'];
  if (etag !== undefined) void reply.header('etag', etag);
}
