import { Command } from 'commander';

const help = `
Examples:
  autoserve explain app                  the whole manifest
  autoserve explain app.scaling          one part of it
  autoserve explain app.spec.ports.protocol`;

export function explainCommand(): Command {
  return new Command('explain')
    .description('say what a manifest field means')
    .argument('<field>', 'app, or a path of fields that begins with it')
    .addHelpText('after', help)
    .action(async (field: string) => {
      const { explainField } = await import('../explain.ts');
      console.log(explainField(field));
    });
}
