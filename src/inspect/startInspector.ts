/**
 * Starts the inspector's server with the page of the package and the calls it may make, the same for every process that
 * shows it. Loaded on first use.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FeedSource } from '../../inspector/protocol.ts';
import type { InspectorCall } from '../../inspector/server/inspectorCall.ts';
import {
  type InspectorServer,
  startInspectorServer,
} from '../../inspector/server/inspectorServer.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { BUNDLE_ADVICE, OWN_VERSION, packagedFile } from '../../persistence/files/packagedFile.ts';
import { MANAGEMENT_CALLS } from '../management/managementCalls.ts';

/** All that a page may ask for. What needs `export` stays where it is, whatever it declares. */
export const INSPECTOR_CALLS: readonly InspectorCall[] = MANAGEMENT_CALLS.flatMap(
  ({ name, override, capability, shown }) =>
    shown === undefined || capability === 'export'
      ? []
      : [{ name, kind: override === null ? 'look' : 'order', ...shown }],
);

export interface InspectorParts {
  readonly source: FeedSource;
  readonly port: number;
  readonly canOperate: boolean;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE`, `HF_OPTION_INVALID`. */
export async function startInspector(parts: InspectorParts): Promise<InspectorServer> {
  const { clock } = parts;
  const calls = INSPECTOR_CALLS;
  const server = await startInspectorServer({ ...parts, assets: pageFolder(), calls });
  return {
    url: server.url,
    link: server.link,
    newLink: (place) => server.newLink(place),
    close: async () => {
      // Gives pages time to receive the last message: why it ends, or a verdict.
      await new Promise<void>((resolve) => {
        clock.defer(resolve);
      });
      await server.close();
    },
  };
}

/** The folder of the built page. */
function pageFolder(): string {
  const isPage = (path: string): boolean => existsSync(join(path, 'index.html'));
  const { path, isThere, other } = packagedFile(import.meta.url, 'inspector', isPage);
  if (isThere) return path;
  const why =
    other === null
      ? `The page of the inspector is not there at ${path}.`
      : `The app was bundled with holdfast ${OWN_VERSION}, and ${other.version} is installed at ` +
        `${dirname(other.manifest)}, which has another page. Bundle it again.`;
  throw new HoldfastError('HF_INSPECTOR_UNAVAILABLE', `${why} ${BUNDLE_ADVICE}`, { path });
}
