import { Command, Option } from 'commander';
import { usageError } from '../exit.ts';
import { missingApp } from '../missing-app.ts';
import { configOf } from '../settings.ts';

const help = `
Examples:
  autoserve describe app web
  autoserve describe app/web
  autoserve describe app web -o json | jq -r '.failures[0].logs'`;

interface Flags {
  output: 'text' | 'json' | 'yaml';
}

export function describeCommand(): Command {
  return new Command('describe')
    .description('tell all about one app: spec, instances, conditions, events')
    .argument('<resource>', 'app, or app/NAME')
    .argument('[name]', 'name of the app')
    .addOption(
      new Option('-o, --output <format>', 'what to print').choices(['text', 'json', 'yaml']).default('text'),
    )
    .addHelpText('after', help)
    .action(async (resource: string, given: string | undefined, { output }: Flags, command: Command) => {
      const [kind, name = given] = resource.split('/', 2);
      if (!/^app(lication)?s?$/.test(kind ?? '') || name === undefined)
        throw usageError('describe needs an app and its name', 'autoserve describe app NAME');
      const config = await configOf(command);
      const [
        { withReader },
        read,
        { readWhereabouts },
        { describeApp },
        { urlOf },
        { renderData },
        { keptRevision },
      ] = await Promise.all([
        import('../database.ts'),
        import('../../store/read.ts'),
        import('../../store/installation.ts'),
        import('../describe-app.ts'),
        import('../describe-scaling.ts'),
        import('../render.ts'),
        import('../revision-text.ts'),
      ]);
      const story = await withReader(config, async (database) => {
        const [app] = await read.listApplications(database, name);
        if (!app) throw await missingApp(database, name);
        const [revisions, decision, instances, events, manifests, failures, { ingressPort }] =
          await Promise.all([
            read.listRevisions(database, name),
            read.lastDecision(database, app),
            read.listInstances(database, name),
            read.listEvents(database, name),
            read.listManifests(database),
            read.listFailures(database, name),
            readWhereabouts(database),
          ]);
        const manifest = manifests.find(({ path }) => path === app.source_path);
        const kept = keptRevision(app);
        const revision = revisions.find((row) => row.app_uid === app.uid && row.revision === kept);
        const own = failures.filter((row) => row.app_uid === app.uid);
        const url = urlOf(app, ingressPort);
        return { app, revision, url, decision, instances, manifest, failures: own, events };
      });
      console.log(output === 'text' ? describeApp(story, new Date()) : renderData(story, output));
    });
}
