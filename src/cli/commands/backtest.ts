import { Command, Option } from 'commander';
import { appNameOf } from '../app-argument.ts';
import { periodOf } from '../duration-argument.ts';
import { configOf } from '../settings.ts';

const help = `
Replays what was measured of an app through its present scaling policy and another one. FILE is a manifest of the app, or has
"scaling:" alone. Requests, connections and CPU are spread evenly over the simulated instances, which are ready at once;
memory of an instance and latency stay as they were measured. The record is read in steps of 15 s, so that windows shorter than
that see less than the scaler did. "over target" is the time in which a metric was above the target that the column's own
policy gives it.

Examples:
  autoserve backtest web --policy web.yaml
  autoserve backtest app web --policy policy.yaml --since 3d -o json | jq .proposed.replicas`;

interface Options {
  policy: string;
  since: string;
  output: 'text' | 'json' | 'yaml';
}

export function backtestCommand(): Command {
  return new Command('backtest')
    .description('say how another policy would have scaled an app')
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .requiredOption('--policy <file>', 'the policy to try')
    .option('--since <duration>', 'how far back, such as 12h', '7d')
    .addOption(
      new Option('-o, --output <format>', 'what to print').choices(['text', 'json', 'yaml']).default('text'),
    )
    .addHelpText('after', help)
    .action(async (first: string, second: string | undefined, options: Options, command: Command) => {
      const name = appNameOf('backtest', first, second);
      const seconds = periodOf(options.since) / 1_000;
      const config = await configOf(command);
      const [{ readPolicy, compare, backtestText }, { withReader }, { renderData }] = await Promise.all([
        import('../backtest.ts'),
        import('../database.ts'),
        import('../render.ts'),
      ]);
      const policy = await readPolicy(options.policy, name);
      const comparison = await withReader(config, (reader) => compare(reader, name, policy, seconds));
      const { output } = options;
      console.log(output === 'text' ? backtestText(comparison) : renderData(comparison, output));
    });
}
