/**
 * Facts as a typed runtime tells of them: with the names of its types and upstreams.
 *
 * @module
 */

import type { FactKind, FactOf } from '../../actors/port.ts';
import type { IsAny, OperationTypes, TypeOf } from './operationTypes.ts';

/**
 * The fact of one kind, or of any. Upstreams are those of the options. A type is offered by name, and may be
 * another: that of a handler which was there before a restart, of a crisis or of `executeResilientSync`.
 */
export type FactIn<
  Types extends OperationTypes,
  Upstream extends string,
  Kind extends FactKind = FactKind,
> =
  IsAny<Types> extends true
    ? FactOf<Kind>
    : Kind extends unknown
      ? Named<FactOf<Kind>, Types, Upstream>
      : never;

type Named<Fact, Types extends OperationTypes, Upstream extends string> = {
  readonly [Field in keyof Fact]: Field extends 'upstream'
    ? Upstream | Exclude<Fact[Field], string>
    : Field extends 'type'
      ? TypeOf<Types> | (string & {})
      : Fact[Field];
};
