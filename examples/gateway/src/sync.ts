/**
 * What this gateway hands on, and to whom. All that holdfast has to know of the app is here.
 *
 * @module
 */

import { createRuntime, defineHandler, httpHandler, keyFile, type Logger } from 'holdfast';
import { z } from 'zod';

export const payment = z.strictObject({
  amountCents: z.int().positive(),
  currency: z.enum(['EUR', 'USD']),
  token: z.string().min(1).max(200),
});

export const profile = z.strictObject({
  name: z.string().min(1).max(200),
  email: z.email(),
});

export interface Settings {
  readonly store: string;
  readonly keyFile: string;
  readonly paymentsUrl: string;
  readonly profilesUrl: string;
  readonly careTeamUrl: string;
}

/** Starts holdfast; at once, so that crises are answered before the store is open. */
export function openSync(settings: Settings, logger: Logger) {
  return createRuntime({
    store: settings.store,
    key: keyFile(settings.keyFile),
    upstreams: { payments: {}, profiles: {}, careTeam: {} },
    handlers: {
      'payments.push': defineHandler()({
        upstream: 'payments',
        schema: payment,
        run: httpHandler<{ readonly digest: string }>({ baseUrl: settings.paymentsUrl }),
      }),
      'profiles.put': defineHandler()({
        upstream: 'profiles',
        schema: profile,
        // The `base` of a request goes out as If-Match: another version at the upstream is a conflict.
        run: httpHandler({ baseUrl: settings.profilesUrl, method: 'PUT', ifMatchBase: true }),
      }),
      'crisis.alert': {
        upstream: 'careTeam',
        run: httpHandler({ baseUrl: settings.careTeamUrl }),
      },
    },
    crisis: {
      resources: [
        { kind: 'contact', name: 'Our team on call', regions: ['DE'], phone: '+49 30 1234567' },
      ],
    },
    logger,
  });
}

export type Sync = ReturnType<typeof openSync>;
