/**
 * What operations, lanes, breakers and retries get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CORE: readonly Plant[] = [
  {
    name: 'key-not-written',
    file: 'actors/operation/operationWriter.ts',
    find: 'idempotencyKey: storedKeyOf(context),',
    replace: 'idempotencyKey: null,',
    says: 'The idempotency key of a request is not written, so a request that is sent twice is accepted twice.',
    finds: /^accepted twice: /,
    seedsMax: 6,
  },
  {
    name: 'lane-not-written',
    file: 'actors/operation/operationWriter.ts',
    find: '          lane,\n          idempotencyKey: storedKeyOf(context),',
    replace: '          lane: null,\n          idempotencyKey: storedKeyOf(context),',
    says: 'The lane of a request is not written, so nothing keeps requests for one entity apart.',
    finds: /^(two in one lane|out of order): /,
    seedsMax: 6,
  },
  {
    name: 'accepted-though-it-failed',
    file: 'actors/journal/journal.ts',
    find: '      this.#failed(batch, toStoreError(error), generation);\n    }\n    this.#goOn();',
    replace:
      "      toStoreError(error);\n      this.#health.committed(generation);\n      this.#deliver(batch, batch.map(() => ({ kind: 'accepted', laneBusy: false, raised: null })));\n    }\n    this.#goOn();",
    says: 'What the disk has refused is told to be accepted.',
    finds: /^lost: /,
    seedsMax: 6,
  },
  {
    name: 'told-before-durable',
    file: 'actors/journal/journal.ts',
    find: '      const results = await this.#store.commit(batch.map(toWrite));\n      this.#batchesInFlight -= 1;\n      this.#health.committed(generation);\n      this.#deliver(batch, results);\n    } catch (error) {\n      this.#batchesInFlight -= 1;\n      this.#failed',
    replace:
      "      const writing = this.#store.commit(batch.map(toWrite));\n      await Promise.resolve();\n      this.#deliver(batch, batch.map((one) => ({ kind: toWrite(one).kind === 'accept' ? 'accepted' : 'updated', laneBusy: false, laneNext: null, raised: null })));\n      await writing;\n      this.#batchesInFlight -= 1;\n      this.#health.committed(generation);\n    } catch (error) {\n      this.#batchesInFlight -= 1;\n      this.#failed",
    says: 'Callers are told before the disk has confirmed.',
    finds: /^(two in one lane|accepted twice|lost): /,
    seedsMax: 6,
  },
  {
    name: 'attempt-always-counts',
    file: 'machines/operation/syncOperationSetup.ts',
    find: 'attempt: isSpent && !isExcused ? attempt + 1 : attempt,',
    replace: 'attempt: attempt + 1,',
    says: 'Each turn takes a new attempt number, also after a crash that spent none.',
    finds: /^attempt spent by a crash: /,
    seedsMax: 6,
  },
  {
    name: 'lane-heads-forgotten',
    file: 'persistence/memory/memoryTables.ts',
    find: "return { kind: 'updated', laneNext: write.leavesLane ? this.heldHeadOf(row.lane) : null };",
    replace: "return { kind: 'updated', laneNext: null };",
    says: 'Nobody tells the next in a lane that it is its turn.',
    finds: /^(still waiting|less urgent than who waits for it): /,
    seedsMax: 6,
  },
  {
    name: 'endings-purged-at-once',
    file: 'machines/operation/position.ts',
    find: 'const dueAtMs = (context.settledAtMs ?? 0) + retentionMs;',
    replace: 'const dueAtMs = context.settledAtMs ?? 0;',
    says: 'What has ended is purged at once instead of after its retention.',
    finds: /^lost: /,
    seedsMax: 6,
  },
  {
    name: 'key-of-each-attempt',
    file: 'actors/attempt/givenAttempt.ts',
    find: 'return keyOfRound(this.#context);',
    replace: 'return `${keyOfRound(this.#context)}-${this.#context.attempt}`;',
    says: 'Each attempt goes out under a key of its own, so the upstream does the work twice.',
    finds: /^(two keys|applied twice): /,
    seedsMax: 6,
  },
  {
    name: 'in-flight-forgotten',
    file: 'actors/recovery/recovery.ts',
    find: '      if (row.seq >= seqBefore || !wanted(row)) return;',
    replace: '      return;',
    says: 'What a dead process had in flight is not taken up by the next one.',
    finds: /^still waiting: /,
    seedsMax: 6,
  },
  {
    name: 'restart-not-told',
    file: 'actors/recovery/recovery.ts',
    find: "      resident.actor.send({ type: 'process.restarted', atMs: clock.now(), wasAlone });",
    replace: '',
    says: 'What was in flight at a crash goes on as if nothing had been.',
    finds: /^still waiting: /,
    seedsMax: 6,
  },
  {
    name: 'ended-before-it-is-written',
    file: 'actors/operation/operationWriter.ts',
    find: '      keepsPayload: keepsPayload(context),\n      onDurable,',
    replace:
      "      keepsPayload: keepsPayload(context),\n      onDurable: onDurable({ kind: 'updated', laneNext: null }) ?? (() => undefined),",
    says: 'Callers are told of an ending before it is on disk.',
    finds: /^(still waiting|outcome not kept|lost): /,
    seedsMax: 6,
  },
  {
    name: 'crisis-durable-too-early',
    file: 'actors/crisis/crisisResponder.ts',
    find: '    pool.start(request, told, undefined, id);',
    replace: '    told.resolve();\n    pool.start(request, told, undefined, id);',
    says: 'A crisis is told to be on disk before it is.',
    finds: /^lost: crisis/,
    seedsMax: 6,
  },
  {
    name: 'answer-waits-for-delivery',
    file: 'actors/crisis/crisisResponder.ts',
    find: '      localAfterMs > 0 && isTaken && (await this.#within(begun.delivery, localAfterMs));',
    replace: '      isTaken && (await this.#within(begun.delivery, 10_000));',
    says: 'The answer to a crisis waits until it is delivered, for ten seconds at most.',
    finds: /^crisis waited: /,
    seedsMax: 6,
  },
  {
    name: 'nothing-due-is-noted',
    file: 'actors/dispatch/claims.ts',
    find: '    this.#nextAtMs[rank] = dueAtMs;\n',
    replace: '',
    says: 'What becomes due on disk is never claimed.',
    finds: /^still waiting: /,
    seedsMax: 6,
  },
];
