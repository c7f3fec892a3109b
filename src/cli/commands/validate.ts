import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { exitCodes } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Needs neither Docker nor a database. Exit code 1 when there are errors; warnings alone are fine.

Examples:
  autoserve validate                     the configured folder
  autoserve validate apps/ extra.yaml
  autoserve validate -o json | jq '.[].message'`;

export function validateCommand(): Command {
  return new Command('validate')
    .description('check manifests')
    .argument('[path...]', 'files or folders (default: the configured folder)')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', help)
    .action(async (paths: string[], { output }: { output: string }, command: Command) => {
      const config = await configOf(command);
      const [{ hasErrors }, { readManifests }, { planSync }] = await Promise.all([
        import('../../manifest/diagnostic.ts'),
        import('../manifest-files.ts'),
        import('../../source/sync.ts'),
      ]);
      const given = paths.length > 0 ? paths : [relative(process.cwd(), config.manifests) || '.'];
      const files = await readManifests(given, config);
      const { diagnostics } = planSync({
        revision: null,
        files,
        applications: [],
        manifests: [],
        confirmPrune: false,
        heldBefore: [],
        now: new Date(),
      });
      if (output === 'json') console.log(JSON.stringify(diagnostics, null, 2));
      else console.log((await import('../diagnostics.ts')).showDiagnostics(diagnostics));
      process.exitCode = hasErrors(diagnostics) ? exitCodes.failed : exitCodes.reached;
    });
}
