import { Command } from 'commander';
import { AutoServeError } from '../../error.ts';
import { configOf } from '../settings.ts';

const help = `
A running AutoServe syncs by itself. When the manifests of most apps are gone at once it holds their removal, for that
is more often a mistake than meant. Put the files back, or confirm that the apps are to go:

  autoserve sync --confirm-prune`;

const ANSWER_MS = 15_000;

export function syncCommand(): Command {
  return new Command('sync')
    .description('release a removal that is held')
    .requiredOption('--confirm-prune', 'remove the apps whose manifests are gone')
    .addHelpText('after', help)
    .action(async (_: object, command: Command) => {
      const config = await configOf(command);
      const [{ withDatabase }, { follow }, { listApplications }, { sendCommand }, { conditionOf }] =
        await Promise.all([
          import('../database.ts'),
          import('../follow.ts'),
          import('../../store/read.ts'),
          import('../../store/command.ts'),
          import('../diagnose.ts'),
        ]);
      const held = await withDatabase(config, async (database) => {
        const apps = await listApplications(database);
        const names = apps
          .filter(({ conditions }) => conditionOf(conditions, 'Synced')?.reason === 'PruneHeld')
          .map(({ name }) => name);
        if (names.length > 0) await sendCommand(database, { kind: 'confirm-prune' });
        return names;
      });
      if (held.length === 0) {
        console.error('no removal is held');
        return;
      }
      const removed = await follow(config, ANSWER_MS, async (database) => {
        const kept = (await listApplications(database)).filter(
          ({ deletion_requested_at }) => !deletion_requested_at,
        );
        return kept.every(({ name }) => !held.includes(name));
      });
      if (!removed)
        throw new AutoServeError(
          'Timeout',
          `no AutoServe acted on the confirmation in ${ANSWER_MS / 1000}s`,
          {
            remedy: 'see that it runs, or start it with: autoserve up --confirm-prune',
          },
        );
      for (const name of held) console.log(`app/${name} is being removed`);
    });
}
