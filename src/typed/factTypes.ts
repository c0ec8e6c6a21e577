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

/** A fact of its kind, and more: so a runtime whose types are known will do where any is asked for. */
type Named<Told, Types extends OperationTypes, Upstream extends string> = Told & {
  readonly [Field in keyof Told & ('upstream' | 'type')]: Field extends 'upstream'
    ? Upstream | Exclude<Told[Field], string>
    : TypeOf<Types> | (string & {});
};
