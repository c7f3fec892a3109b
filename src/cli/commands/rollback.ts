import { Command } from 'commander';
import { AutoServeError } from '../../error.ts';
import { appNameOf } from '../app-argument.ts';
import { durationOf } from '../duration-argument.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Pins an earlier revision, at once, until the manifest changes. Without --to it is the last one before the present that
was rolled out completely. --to the manifest's own revision ends the pin.

Examples:
  autoserve rollback app web
  autoserve rollback app web --to 3 --wait --timeout 5m`;

interface Options {
  to?: string;
  wait?: boolean;
  timeout: string;
}

export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('pin an earlier revision of an app')
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .option('--to <revision>', 'this one; see autoserve history')
    .option('--wait', 'until it is ready')
    .option('--timeout <duration>', 'with --wait: give up after this long', '5m')
    .addHelpText('after', help)
    .action(async (first: string, second: string | undefined, options: Options, command: Command) => {
      const { to, wait = false, timeout } = options;
      const name = appNameOf('rollback', first, second);
      if (to !== undefined && !/^[1-9]\d{0,8}$/.test(to))
        throw usageError(`"${to}" is not a revision`, `autoserve history app ${name}`);
      const timeoutMs = durationOf(timeout);
      const config = await configOf(command);
      const [{ withInstallation }, { pinRevision }, { missingApp }] = await Promise.all([
        import('../database.ts'),
        import('../../store/rollouts.ts'),
        import('../missing-app.ts'),
      ]);
      const pin = await withInstallation(config, async (database) => {
        const result = await pinRevision(database, name, to === undefined ? 'previous' : Number(to));
        if (result.outcome === 'noSuchApp') throw await missingApp(database, name);
        return result;
      });
      if (pin.outcome === 'noSuchRevision')
        throw new AutoServeError(
          'NotFound',
          to === undefined
            ? `app/${name} has no earlier revision that was rolled out completely`
            : `app/${name} has no revision ${to}`,
          { remedy: `autoserve history app ${name}` },
        );
      const { revision, wanted } = pin;
      const said = revision === wanted ? `follows its manifest, revision ${wanted}` : '';
      console.log(`app/${name} ${said || `pinned to ${revision}; the manifest wants ${wanted}`}`);
      if (wait)
        await (await import('../wait-for.ts')).waitFor(config, { goal: 'ready', name, timeout, timeoutMs });
    });
}
