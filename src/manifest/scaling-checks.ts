import { error, typeOf, warning, type Check, type Subject } from './check.ts';
import type { Problem } from './problem.ts';
import { propertiesOf } from './schema.ts';

/** Rules between fields of `scaling`. */
export const scalingChecks: readonly Check[] = [
  replicasByMode,
  replicasInBounds,
  boundsInOrder,
  thresholdsInOrder,
  noneInAutoMode,
  policyInManualMode,
];

function replicasByMode({ written }: Subject): Problem[] {
  const mode = written('/scaling/mode') ?? 'auto';
  if (mode !== 'auto' || written('/scaling/replicas') === undefined) return [];
  return [
    error(
      '/scaling/replicas',
      'scaling.replicas is not allowed in mode auto, where the scaler owns the count',
      {
        on: 'key',
        suggestion: 'write "mode: manual", or minReplicas and maxReplicas instead',
      },
    ),
  ];
}

function replicasInBounds({ written }: Subject): Problem[] {
  const replicas = written('/scaling/replicas');
  if (typeof replicas !== 'number' || written('/scaling/mode') !== 'manual') return [];
  const min = written('/scaling/minReplicas');
  const max = written('/scaling/maxReplicas');
  if (typeof min === 'number' && replicas < min) {
    return [error('/scaling/replicas', `scaling.replicas ${replicas} is less than minReplicas ${min}`)];
  }
  if (typeof max === 'number' && replicas > max) {
    return [error('/scaling/replicas', `scaling.replicas ${replicas} is more than maxReplicas ${max}`)];
  }
  return [];
}

function boundsInOrder(subject: Subject): Problem[] {
  return inOrder(subject, 'minReplicas', 'maxReplicas', (min, max) => min > max, 'more than');
}

function thresholdsInOrder(subject: Subject): Problem[] {
  return inOrder(
    subject,
    'scaleInThresholdPct',
    'scaleOutThresholdPct',
    (low, high) => low >= high,
    'not less than',
  );
}

function inOrder(
  { written, number }: Subject,
  low: string,
  high: string,
  wrong: (low: number, high: number) => boolean,
  relation: string,
): Problem[] {
  const lowAt = `/scaling/${low}`;
  const highAt = `/scaling/${high}`;
  if (!wrong(number(lowAt), number(highAt))) return [];
  const described = (at: string, name: string) =>
    `${name} ${number(at)}${written(at) === undefined ? ' (the default)' : ''}`;
  const message = `${described(lowAt, `scaling.${low}`)} is ${relation} ${described(highAt, high)}`;
  return [error(written(lowAt) === undefined ? highAt : lowAt, message)];
}

function noneInAutoMode(subject: Subject): Problem[] {
  const { written } = subject;
  const type = typeOf(subject);
  if (written('/scaling/minReplicas') !== 0 || (type !== 'tcp' && type !== 'worker')) return [];
  if ((written('/scaling/mode') ?? 'auto') !== 'auto') return [];
  const message = `scaling.minReplicas 0 counts as 1 for type ${type}, which no request could start again`;
  return [warning('/scaling/minReplicas', message, 'value')];
}

/** What the count follows in mode manual too. */
const countFields = new Set(['mode', 'replicas', 'minReplicas', 'maxReplicas']);

function policyInManualMode({ written }: Subject): Problem[] {
  if (written('/scaling/mode') !== 'manual') return [];
  const first = propertiesOf({ $ref: '#/$defs/scaling' })
    .map(([name]) => name)
    .find((name) => !countFields.has(name) && written(`/scaling/${name}`) !== undefined);
  if (first === undefined) return [];
  return [warning(`/scaling/${first}`, 'the scaling policy has no effect in mode manual')];
}
