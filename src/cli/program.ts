import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../package-root.ts';
import { backtestCommand } from './commands/backtest.ts';
import { dbCommand } from './commands/db.ts';
import { describeCommand } from './commands/describe.ts';
import { eventsCommand } from './commands/events.ts';
import { explainCommand } from './commands/explain.ts';
import { getCommand } from './commands/get.ts';
import { historyCommand } from './commands/history.ts';
import { logsCommand } from './commands/logs.ts';
import { planCommand } from './commands/plan.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { rolloutCommands } from './commands/rollout.ts';
import { scaleCommand } from './commands/scale.ts';
import { syncCommand } from './commands/sync.ts';
import { topCommand } from './commands/top.ts';
import { upCommand } from './commands/up.ts';
import { validateCommand } from './commands/validate.ts';
import { volumesCommand } from './commands/volumes.ts';
import { waitCommand } from './commands/wait.ts';
import { whyCommand } from './commands/why.ts';

const examples = `
Examples:
  autoserve validate manifests/          is every manifest right?
  autoserve plan                         what would change
  autoserve up                           keep Docker equal to ./manifests
  autoserve get apps --watch             what runs, as it changes
  autoserve wait app/web --for=ready     for scripts: 0 ready, 1 failed, 124 timeout
  autoserve logs app web -f              of all its instances
  autoserve rollback app web             the revision before
  autoserve why web                      as many instances as it has
  psql "$(autoserve db url)"             everything, with SQL

Exit codes: 0 reached, 1 failed, 2 usage, 124 timeout.`;

/** The command line. Each command loads what it needs when it runs, so that starting stays quick. */
export function program(): Command {
  const root = new Command('autoserve')
    .description('Keeps Docker equal to a folder of YAML.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--config <file>', 'configuration file, YAML (env AUTOSERVE_CONFIG)')
    .option('--manifests <dir>', 'folder of manifests (env AUTOSERVE_MANIFESTS; default ./manifests)')
    .option('--data-dir <dir>', 'where the embedded database is kept (env AUTOSERVE_DATA_DIR)')
    .option('--database-url <url>', 'a PostgreSQL instead of the embedded one (env AUTOSERVE_DATABASE_URL)')
    .option('--replica-url <url>', 'a standby of it, for readers (env AUTOSERVE_REPLICA_URL)')
    .option(
      '--installation <name>',
      'name of this installation on the Docker host (env AUTOSERVE_INSTALLATION)',
    )
    .option('--secrets-dir <dir>', 'one file per secret field (env AUTOSERVE_SECRETS_DIR)')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (env AUTOSERVE_LOG_LEVEL)')
    .option('--verbose', 'log level debug, and errors with their stack')
    .addHelpText('after', examples);
  const commands = [
    upCommand(),
    validateCommand(),
    planCommand(),
    syncCommand(),
    getCommand(),
    describeCommand(),
    eventsCommand(),
    logsCommand(),
    topCommand(),
    waitCommand(),
    historyCommand(),
    rollbackCommand(),
    ...rolloutCommands(),
    whyCommand(),
    scaleCommand(),
    backtestCommand(),
    volumesCommand(),
    explainCommand(),
    dbCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  configure(root);
  return root;
}

/** Throws instead of exiting, for output may still be on its way, and tells where help is. */
function configure(command: Command): void {
  command.exitOverride().showHelpAfterError(`  ${pathOf(command)} --help`);
  command.configureHelp({ showGlobalOptions: true, sortOptions: false });
  for (const child of command.commands) configure(child);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function version(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
