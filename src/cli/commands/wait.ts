import { Command, Option } from 'commander';
import { durationOf } from '../duration-argument.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';
import { goals, type Goal } from '../wait-verdict.ts';

const help = `
ready: the app's present manifest, or the revision it is pinned to, has been read and acted on and all its instances are ready.
Exit code 0 when it is reached, 1 when it cannot be (the manifest is rejected or gone, a removal is held, the rollout
failed) or when it was rolled back, 124 when the time is over. Crashes and missing images are waited for until then.

Examples:
  autoserve wait app/web --for=ready --timeout 2m
  rm manifests/web.yaml && autoserve wait app/web --for=deleted`;

export function waitCommand(): Command {
  return new Command('wait')
    .description('wait until an app is ready or deleted')
    .argument('<app>', 'app/NAME, or NAME alone')
    .addOption(new Option('--for <state>', 'what to wait for').choices(goals).default('ready'))
    .option('--timeout <duration>', 'give up after this long', '60s')
    .addHelpText('after', help)
    .action(async (target: string, options: { for: Goal; timeout: string }, command: Command) => {
      const name = /^(?:apps?\/)?([^/]+)$/.exec(target)?.[1];
      if (name === undefined)
        throw usageError(`"${target}" is not app/NAME`, 'autoserve wait app/web --for=ready');
      const { for: goal, timeout } = options;
      const timeoutMs = durationOf(timeout);
      const config = await configOf(command);
      const { waitFor } = await import('../wait-for.ts');
      await waitFor(config, { goal, name, timeout, timeoutMs });
    });
}
