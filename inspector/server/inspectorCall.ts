/**
 * What a page may ask of the process that is watched: the calls that are offered, as data.
 *
 * @module
 */

import type { AnyShape } from './answerShape.ts';

/** A management call as the inspector offers it. */
export interface InspectorCall {
  /** Its name in the registry. */
  readonly name: string;
  /** `look` changes nothing; `order` is taken only where the server was started to operate. */
  readonly kind: 'look' | 'order';
  /** The parameters that a page may give; one that is not listed is refused, so that none is a way to search for a person. */
  readonly params: readonly string[];
  /** What of its answer leaves. */
  readonly answer: AnyShape;
}
