import { Command } from 'commander';
import { archiveCommand } from './db/archive.ts';
import { cleanupCommand } from './db/cleanup.ts';
import { compressCommand } from './db/compress.ts';
import { explainQueryCommand } from './db/explain.ts';
import { grantReaderCommand } from './db/grant-reader.ts';
import { migrateCommand } from './db/migrate.ts';
import { slowCommand } from './db/slow.ts';
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
  const commands = [
    urlCommand(),
    migrateCommand(),
    statusCommand(),
    cleanupCommand(),
    archiveCommand(),
    compressCommand(),
    explainQueryCommand(),
    slowCommand(),
    grantReaderCommand(),
  ];
  for (const command of commands) db.addCommand(command);
  return db;
}
