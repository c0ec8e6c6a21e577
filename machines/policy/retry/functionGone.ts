/**
 * How an operation ends whose function is gone: it came with the request, and lived with the process (OP-7).
 *
 * @module
 */

import type { Failure } from './classifyFailure.ts';

export const FUNCTION_GONE: Failure = {
  code: 'HF_FUNCTION_GONE',
  failureClass: 'permanent',
  message:
    'The function that came with it ended with its process, no handler of its type was registered, and it was not to wait for one (afterRestart).',
};
