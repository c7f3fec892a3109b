import { Command } from 'commander';
import { AutoServeError } from '../../error.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Examples:
  autoserve describe app web
  autoserve describe app/web`;

export function describeCommand(): Command {
  return new Command('describe')
    .description('tell all about one app: spec, instances, conditions, events')
    .argument('<resource>', 'app, or app/NAME')
    .argument('[name]', 'name of the app')
    .addHelpText('after', help)
    .action(async (resource: string, given: string | undefined, _: object, command: Command) => {
      const [kind, name = given] = resource.split('/', 2);
      if (!/^app(lication)?s?$/.test(kind ?? '') || name === undefined)
        throw usageError('describe needs an app and its name', 'autoserve describe app NAME');
      const config = await configOf(command);
      const [{ withReader }, read, { describeApp }] = await Promise.all([
        import('../database.ts'),
        import('../../store/read.ts'),
        import('../describe-app.ts'),
      ]);
      const story = await withReader(config, async (database) => {
        const [app] = await read.listApplications(database, name);
        if (!app)
          throw new AutoServeError('NotFound', `app "${name}" not found`, { remedy: 'autoserve get apps' });
        const [instances, events, manifests, [failure], revisions] = await Promise.all([
          read.listInstances(database, name),
          read.listEvents(database, name),
          read.listManifests(database),
          read.listFailures(database, name),
          read.listRevisions(database, name),
        ]);
        const manifest = manifests.find(({ path }) => path === app.source_path);
        return { app, instances, events, manifest, failure, revisions };
      });
      console.log(describeApp(story, new Date()));
    });
}
