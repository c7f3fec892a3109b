import { testImage } from '../docker-image.ts';
import { Installation, type InstallationOptions } from './installation.ts';

const LOG_TAIL = 60;

/** Something that an installation runs on: there before it, and gone after it. */
export interface Ground {
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** An installation that lives as long as the suite that asks for it; its log is shown where a test fails. */
export function useInstallation(options: InstallationOptions = {}, ...grounds: Ground[]): Installation {
  const installation = new Installation(options);
  before(async function () {
    this.timeout(120_000);
    for (const ground of grounds) await ground.start();
    await testImage(installation.docker);
    await installation.create();
    await installation.start();
  });
  afterEach(function () {
    if (this.currentTest?.isFailed()) process.stderr.write(`\n${tailOf(installation)}\n`);
  });
  after(async function () {
    this.timeout(120_000);
    try {
      await installation.dispose();
    } finally {
      for (const ground of grounds.toReversed()) await ground.dispose();
    }
  });
  return installation;
}

function tailOf({ id, log }: Installation): string {
  return `the end of the log of installation ${id}:\n${log.trimEnd().split('\n').slice(-LOG_TAIL).join('\n')}`;
}
