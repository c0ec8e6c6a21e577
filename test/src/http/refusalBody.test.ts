import { brotliCompressSync, constants } from 'node:zlib';
import { expect, test } from 'vitest';
import { failureOf } from '../../../machines/policy/retry/classifyFailure.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { rawServer } from '../../support/process/rawServer.ts';

const UNPACKED_BYTES = 256 * 1_048_576;
/** Some 200 bytes that unpack to a quarter of a gigabyte. */
const BOMB = brotliCompressSync(Buffer.alloc(UNPACKED_BYTES), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 },
});

test('RT-2 OP-6 the body of a refusal is not unpacked beyond its beginning, whatever it says of its length', async () => {
  expect(BOMB.length).toBeLessThan(65_536);
  const { url } = await rawServer((response) => {
    response.writeHead(503, { 'content-encoding': 'br', 'content-length': BOMB.length });
    response.end(BOMB);
  });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  const failure = await (async () => httpHandler({ baseUrl: url })(attemptOf({})))().then(
    () => null,
    (error: unknown) => failureOf(error),
  );
  most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  clearInterval(watch);
  expect(failure).toMatchObject({ failureClass: 'transient', status: 503 });
  expect(most).toBeLessThan(UNPACKED_BYTES / 4);
});
