/**
 * Somebody is in danger. Whatever is wrong with the request, and whatever else is failing, the answer has help
 * in it; nothing that comes in here is refused.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sync } from './sync.js';

export async function addCrisis(app: FastifyInstance, sync: Sync): Promise<void> {
  // In a scope of its own, so that it reads bodies in its own way.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      done(null, asJson(String(body)));
    });
    const answer = async (request: FastifyRequest): Promise<object> => {
      const user = request.headers['x-user'];
      const { resources, plan, operationId, elapsedMs } = await sync.crisis({
        subject: typeof user === 'string' ? user : 'unknown',
        payload: request.body ?? null,
      });
      return { resources, plan, id: operationId, elapsedMs };
    };
    scope.post('/crisis', answer);
    // Too long, or broken off: what was read of it is lost, and the person is answered all the same.
    scope.setErrorHandler(async (_error, request, reply) => {
      return await reply.code(200).send(await answer(request));
    });
  });
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { said: text };
  }
}
