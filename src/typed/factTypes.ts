/**
 * Facts of a typed runtime, with the names of its types and upstreams.
 *
 * @module
 */

import type { FactKind, FactOf } from '../../actors/port.ts';
import type { IsAny, OperationTypes, TypeOf } from './operationTypes.ts';

/**
 * Fact of one kind, or of any. Upstreams are those of the options. `type` suggests the types of the handlers and may
 * be another: of a handler before a restart, of a crisis, or of `executeResilientSync`.
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

/** Narrowed fact. It extends that of its kind, so a typed runtime is assignable to any runtime. */
type Named<Told, Types extends OperationTypes, Upstream extends string> = Told & {
  readonly [Field in keyof Told & ('upstream' | 'type')]: Field extends 'upstream'
    ? Upstream | Exclude<Told[Field], string>
    : TypeOf<Types> | (string & {});
};
