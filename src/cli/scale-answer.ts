import { AutoServeError } from '../error.ts';
import type { ScaleOutcome } from '../store/scale.ts';

/** What is said of a count that was set by hand. Throws `Refused` with what to do instead. */
export function scaleAnswer(
  name: string,
  replicas: number,
  result: Exclude<ScaleOutcome, { outcome: 'noSuchApp' }>,
): string {
  switch (result.outcome) {
    case 'auto':
      throw new AutoServeError('Refused', `the scaler owns the count of app/${name}, which is in mode auto`, {
        remedy: `set minReplicas and maxReplicas, or mode: manual, in ${result.sourcePath ?? 'its manifest'}; autoserve why app ${name}`,
      });
    case 'tooMany':
      throw new AutoServeError(
        'Refused',
        `${replicas} instances are more than app/${name} may have: ${result.most}`,
        { remedy: `raise scaling.maxReplicas in ${result.sourcePath ?? 'its manifest'}` },
      );
    case 'scaled':
    case 'unchanged': {
      const { outcome, declared, suspended } = result;
      const done = outcome === 'scaled' ? `scaled to ${replicas}` : `is scaled to ${replicas} already`;
      const beside = replicas === declared ? ', as its manifest says' : `; the manifest says ${declared}`;
      return `app/${name} ${done}${beside}${suspended ? '; it is suspended' : ''}`;
    }
  }
}
