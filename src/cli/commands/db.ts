import { Command } from 'commander';
import { migrateCommand } from './db/migrate.ts';
import { statusCommand } from './db/status.ts';
import { urlCommand } from './db/url.ts';

const help = `
Examples:
  psql "$(autoserve db url)"
  autoserve db status
  autoserve db migrate --database-url postgres://autoserve@db.internal/autoserve`;

export function dbCommand(): Command {
  const db = new Command('db')
    .description('the database: where it is, its schema')
    .addHelpText('after', help);
  for (const command of [urlCommand(), migrateCommand(), statusCommand()]) db.addCommand(command);
  return db;
}
