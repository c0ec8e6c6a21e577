/**
 * `holdfast access`: tokens by which people and processes show who they are, and what each role may do.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { TokenView } from '../../../actors/port.ts';
import { capabilitiesOf, ROLES, type Role } from '../../../machines/policy/access/access.ts';
import { access, newSecret } from '../../management/access.ts';
import { parseDuration } from '../kit/argumentParsers.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { demandElsewhere, writeNew } from '../kit/newFile.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { table, timeOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

type ListOptions = StoreOptions & JsonOptions;
type AddOptions = ListOptions & {
  readonly role: Role;
  readonly to: string;
  readonly for?: number;
};

export function accessCommand(): Command {
  return commandGroup('access', [listCommand(), addCommand(), revokeCommand(), rolesCommand()], {
    isDefault: 'list',
  });
}

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description:
      'list the tokens of a store, the latest first: whose, of which role, and until when',
    options: [...storeOptions(), jsonOption(JSON_LINES)],
    examples: [`holdfast access list ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const tokens = await withStore(options, (caller) => access(caller, newSecret).list());
      if (options.json) for (const token of tokens) output.result(token, '');
      else output.result({}, tokens.length === 0 ? NONE : tableOf(tokens));
    },
  });
}

function addCommand(): Command {
  return command<AddOptions, [name: string]>({
    name: 'add',
    description: 'give somebody a token, in a new file that its user alone can read',
    arguments: [['<name>', 'id of its holder, in whose name each order is given: staff-7, web-1']],
    options: [
      ...storeOptions(),
      valueOption('--role <role>', 'what they may do; see holdfast access roles')
        .choices(ROLES)
        .makeOptionMandatory(),
      valueOption('--to <file>', 'where the token is written: a new file').makeOptionMandatory(),
      valueOption(
        '--for <duration>',
        'how long it is good, from 1m; else until it is revoked',
        parseDuration,
      ),
      jsonOption(),
    ],
    notes: `The first token is an admin's, and sets access up: from then on the process on the store asks everybody else for
one, given with --token-file or HOLDFAST_TOKEN_FILE; crises are taken from anybody. Whoever has the key of a store at
rest may do everything, as before. Hand the file over, and delete it here: nobody can show the token again.`,
    examples: [
      `holdfast access add ops-7 --role admin --to ./ops-7.token ${EXAMPLE_STORE}`,
      'holdfast access add web-1 --role client --to ./web-1.token --store ./sync-store --token-file ./ops-7.token',
    ],
    async run({ options, output }, name) {
      const { role, to, for: forMs } = options;
      await demandElsewhere(to, options);
      const secret = newSecret();
      await writeNew(to, `${secret}\n`);
      try {
        const { token } = await withStore(options, (caller) =>
          access(caller, () => secret).give({ name, role, forMs }),
        );
        const until = token.expiresAtMs === null ? 'revoked' : timeOf(token.expiresAtMs);
        output.result(
          { ...token, file: resolve(to) },
          `${name} is ${role} until ${until}, by the token in ${to}; it is ${token.id} in orders.`,
        );
      } catch (error) {
        // A token that the store does not know opens nothing.
        await rm(to, { force: true });
        throw error;
      }
    },
  });
}

function revokeCommand(): Command {
  return command<ListOptions, [id: string]>({
    name: 'revoke',
    description: 'end a token at once, also on connections that it has opened',
    arguments: [['<id>', 'id of the token, as the list shows it']],
    options: [...storeOptions(), jsonOption()],
    examples: [`holdfast access revoke 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const wasInForce = await withStore(options, (caller) => access(caller, newSecret).revoke(id));
      output.result({ id, wasInForce }, wasInForce ? 'Revoked.' : 'It had been revoked before.');
    },
  });
}

function rolesCommand(): Command {
  return command({
    name: 'roles',
    description: 'list the roles, and what each may do',
    options: [jsonOption()],
    examples: ['holdfast access roles'],
    run({ output }) {
      const roles = ROLES.map((role) => ({ role, capabilities: capabilitiesOf(role) }));
      const rows = roles.map(({ role, capabilities }) => [role, capabilities.join(', ')]);
      output.result({ roles }, table(['role', 'may'], rows));
      return Promise.resolve();
    },
  });
}

const NONE =
  'No tokens: whoever may open the socket of the process on this store may do everything.';

function tableOf(tokens: readonly TokenView[]): string {
  return table(
    ['id', 'name', 'role', 'state', 'given', 'until'],
    tokens.map(({ id, name, role, state, givenAtMs, expiresAtMs }) => [
      ...[id, name, role, state, timeOf(givenAtMs)],
      expiresAtMs === null ? '' : timeOf(expiresAtMs),
    ]),
  );
}
