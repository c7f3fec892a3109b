import { Command } from 'commander';
import { exitCodes } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Compares the folder with what is stored and with what Docker shows, and changes nothing.
Exit code 0, or with --detailed-exitcode: 0 nothing to do, 2 changes, 1 errors.

Examples:
  autoserve plan
  autoserve plan --manifests apps/ --detailed-exitcode`;

export function planCommand(): Command {
  return new Command('plan')
    .description('show what up would do')
    .option('--detailed-exitcode', '0 nothing to do, 2 changes, 1 errors')
    .addHelpText('after', help)
    .action(async ({ detailedExitcode = false }: { detailedExitcode?: boolean }, command: Command) => {
      const config = await configOf(command);
      const [{ preview }, { colourPlan, summarizePlan }, { showDiagnostics }, { hasErrors }] =
        await Promise.all([
          import('../preview.ts'),
          import('../plan-summary.ts'),
          import('../diagnostics.ts'),
          import('../../manifest/diagnostic.ts'),
        ]);
      const { changes, held, diagnostics, notes } = await preview(config);
      const failed = hasErrors(diagnostics);
      if (failed) {
        console.error(showDiagnostics(diagnostics, process.stderr));
        console.error('what a file with errors declares stays as it is');
      }
      for (const note of notes) console.error(`note: ${note}`);
      console.log(colourPlan(summarizePlan(changes, held)));
      if (failed) process.exitCode = exitCodes.failed;
      else if (detailedExitcode && changes.length + held.length > 0) process.exitCode = 2;
    });
}
