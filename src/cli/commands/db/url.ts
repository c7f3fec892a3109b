import { Command } from 'commander';
import { configOf } from '../../settings.ts';

export function urlCommand(): Command {
  return new Command('url')
    .description('print the URL, with its password, for psql and other clients')
    .action(async (_: object, command: Command) => {
      const config = await configOf(command);
      const { databaseUrlOf } = await import('../../database.ts');
      console.log(await databaseUrlOf(config));
    });
}
