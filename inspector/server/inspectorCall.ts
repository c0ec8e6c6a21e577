/**
 * The management calls that a page may make, as data.
 *
 * @module
 */

import type { AnyShape } from './answerShape.ts';

/** One management call that the inspector offers. */
export interface InspectorCall {
  /** The name of the call in the registry. */
  readonly name: string;
  /** `look` changes nothing; `order` is accepted only if the server was started to operate. */
  readonly kind: 'look' | 'order';
  /** The parameters that a page may give; any other is refused, so that none is a way to search for a person. */
  readonly params: readonly string[];
  /** The fields of its answer that leave. */
  readonly answer: AnyShape;
}
