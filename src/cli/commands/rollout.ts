import { Command } from 'commander';
import type { Database } from '../../store/database.ts';
import type { ChangeOutcome } from '../../store/rollouts.ts';
import { appNameOf } from '../app-argument.ts';
import { configOf } from '../settings.ts';

type Rollouts = typeof import('../../store/rollouts.ts');

interface Change {
  word: string;
  description: string;
  help: string;
  apply(rollouts: Rollouts, database: Database, app: string): Promise<ChangeOutcome>;
  done: string;
  /** When it was so before. */
  already: string;
}

const pause: Change = {
  word: 'pause',
  description: "let an app's rollouts stand still",
  help: 'What dies is still replaced, and the count still kept; no further instance moves to another revision.',
  apply: ({ setPaused }, database, app) => setPaused(database, app, true),
  done: 'paused',
  already: 'was paused already',
};

const resume: Change = {
  word: 'resume',
  description: "let an app's rollouts go on",
  help: 'Ends what autoserve pause began.',
  apply: ({ setPaused }, database, app) => setPaused(database, app, false),
  done: 'resumed',
  already: 'was not paused',
};

const retry: Change = {
  word: 'retry',
  description: 'try again what failed of an app',
  help: 'A revision that was rolled back is rolled out again, and what waits for its next try is tried at once.',
  apply: ({ retryApplication }, database, app) => retryApplication(database, app),
  done: 'is tried again',
  already: '',
};

/** `pause`, `resume` and `retry`. */
export function rolloutCommands(): Command[] {
  return [pause, resume, retry].map(commandOf);
}

function commandOf(change: Change): Command {
  const { word, description, help, done, already } = change;
  return new Command(word)
    .description(description)
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .addHelpText('after', `\n${help}\n\nExamples:\n  autoserve ${word} app web`)
    .action(async (first: string, second: string | undefined, _: object, command: Command) => {
      const name = appNameOf(word, first, second);
      const config = await configOf(command);
      const [{ withInstallation }, rollouts, { missingApp }] = await Promise.all([
        import('../database.ts'),
        import('../../store/rollouts.ts'),
        import('../missing-app.ts'),
      ]);
      const outcome = await withInstallation(config, async (database) => {
        const result = await change.apply(rollouts, database, name);
        if (result === 'noSuchApp') throw await missingApp(database, name);
        return result;
      });
      console.log(`app/${name} ${outcome === 'changed' ? done : already}`);
    });
}
