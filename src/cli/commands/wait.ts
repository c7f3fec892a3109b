import { Command, Option } from 'commander';
import { AutoServeError } from '../../error.ts';
import { parseDuration } from '../duration.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';
import { goals, type Goal } from '../wait-verdict.ts';

const help = `
ready: the app's present manifest has been acted on and all its instances are ready.
Exit code 0 when it is reached, 1 when it cannot be (the manifest is rejected or gone, a removal is held),
124 when the time is over. An app whose instances crash or whose image is missing is waited for.

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
      const timeoutMs = parseDuration(options.timeout);
      if (timeoutMs === undefined)
        throw usageError(`"${options.timeout}" is not a duration`, 'write 60s, 2m or 90');
      const config = await configOf(command);
      const [{ follow }, { listApplications, listManifests }, { judgeWait }] = await Promise.all([
        import('../follow.ts'),
        import('../../store/read.ts'),
        import('../wait-verdict.ts'),
      ]);

      let last = judgeWait(options.for, name, undefined, undefined);
      let said = '';
      const reached = await follow(config, timeoutMs, async (database) => {
        const [app] = await listApplications(database, name);
        const manifest = (await listManifests(database)).find(({ path }) => path === app?.source_path);
        last = judgeWait(options.for, name, app, manifest);
        if (last.outcome === 'failed')
          throw new AutoServeError('WaitFailed', `app/${name}: ${last.message}`, { remedy: last.remedy });
        if (last.outcome === 'waiting' && last.message !== said)
          console.error(`app/${name}: ${last.message}`);
        said = last.message;
        return last.outcome === 'reached';
      });
      if (!reached)
        throw new AutoServeError(
          'Timeout',
          `app/${name} is not ${options.for} after ${options.timeout}: ${last.message}`,
          {
            remedy: last.remedy,
          },
        );
      console.log(`app/${name} ${last.message}`);
    });
}
