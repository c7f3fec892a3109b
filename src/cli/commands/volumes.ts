import { Command } from 'commander';
import { configOf } from '../settings.ts';

const help = `
A volume outlives its app. Only this command removes volumes, and only those that no declared app uses.

Examples:
  autoserve volumes list
  autoserve volumes prune --yes`;

export function volumesCommand(): Command {
  const root = new Command('volumes').description('show the volumes of apps, remove unused ones');
  root.addHelpText('after', help);
  root
    .command('list')
    .description('the volumes that AutoServe made, and who uses them')
    .action(async (_: object, command: Command) => {
      const config = await configOf(command);
      const { listAppVolumes, volumeLines } = await import('../volumes.ts');
      const volumes = await listAppVolumes(config);
      if (volumes.length === 0) console.error('no app has a volume');
      else console.log(volumeLines(volumes).join('\n'));
    });
  root
    .command('prune')
    .description('remove the volumes that no declared app uses, and what is in them')
    .option('--yes', 'really')
    .action(async ({ yes = false }: { yes?: boolean }, command: Command) => {
      const config = await configOf(command);
      const { pruneVolumes } = await import('../volumes.ts');
      await pruneVolumes(config, yes);
    });
  return root;
}
