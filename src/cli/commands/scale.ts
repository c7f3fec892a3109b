import { Command } from 'commander';
import { AutoServeError } from '../../error.ts';
import { appNameOf } from '../app-argument.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
For apps in mode manual, at once, until the scaling of the manifest changes. The manifest's own count lets the app follow its
manifest again.

Examples:
  autoserve scale web 5
  autoserve scale app web 5`;

/** What the schema allows as `scaling.maxReplicas`. */
const MOST_REPLICAS = 10_000;

export function scaleCommand(): Command {
  return new Command('scale')
    .description('set how many instances an app has')
    .usage('[options] <app> <count>')
    .argument('<words...>', 'app NAME, app/NAME or NAME, and how many')
    .addHelpText('after', help)
    .action(async (words: string[], _: object, command: Command) => {
      const count = words.at(-1) ?? '';
      const [first, second, ...more] = words.slice(0, -1);
      if (first === undefined || more.length > 0)
        throw usageError('scale needs an app and a count', 'autoserve scale app NAME 3');
      if (!/^\d+$/.test(count))
        throw usageError(`"${count}" is not a number of instances`, 'autoserve scale app NAME 3');
      const name = appNameOf('scale', first, second);
      const replicas = Number(count);
      if (replicas > MOST_REPLICAS)
        throw usageError(`${count} is more than ${MOST_REPLICAS}, the most there may be`, 'take fewer');
      const config = await configOf(command);
      const most = config.policy.maxReplicas;
      if (most !== undefined && replicas > most)
        throw new AutoServeError('Refused', `${replicas} replicas are more than the policy's ${most}`, {
          remedy: `autoserve scale app ${name} ${most}`,
        });
      const [{ withInstallation }, { scaleByHand }, { scaleAnswer }, { missingApp }] = await Promise.all([
        import('../database.ts'),
        import('../../store/scale.ts'),
        import('../scale-answer.ts'),
        import('../missing-app.ts'),
      ]);
      const outcome = await withInstallation(config, async (database) => {
        const result = await scaleByHand(database, name, replicas);
        if (result.outcome === 'noSuchApp') throw await missingApp(database, name);
        return result;
      });
      console.log(scaleAnswer(name, replicas, outcome));
    });
}
