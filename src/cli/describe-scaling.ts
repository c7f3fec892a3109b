import { scaledByHand } from '../controllers/scaling/by-hand.ts';
import { boundsOf } from '../controllers/scaling/limits.ts';
import type { ApplicationRow, ScalingDecisionRow } from '../store/read.ts';
import { conditionOf } from './diagnose.ts';
import { age } from './duration.ts';
import { oneLine } from './table.ts';

/** Who decides on the count of an app, and what was decided last, as label and value. Pure. */
export function scalingFacts(
  app: ApplicationRow,
  decision: ScalingDecisionRow | undefined,
  now: Date,
): string[][] {
  const { name, mode, spec, desired_replicas: count } = app;
  if (mode === 'manual') return [['scaling', `manual, ${byHandOf(app) ?? count}`]];
  const { min, max } = boundsOf(spec.scaling);
  const last = decision
    ? `${oneLine(decision.message)}, ${age(decision.evaluated_at, now)} ago`
    : 'not evaluated yet';
  return [
    ['scaling', `auto, ${count} of ${min} to ${max}`],
    ['decision', `${last}   autoserve why app ${name}`],
  ];
}

/** `scaled to 5 by hand; the manifest says 3`; null where the manifest or the scaler is followed. */
export function byHandOf({ spec, scaled_replicas: scaled }: ApplicationRow): string | null {
  return scaledByHand(spec.scaling, scaled);
}

/** Where the ingress serves an app; null when it does not. */
export function urlOf({ spec: { spec }, conditions }: ApplicationRow, port: number | null): string | null {
  if (conditionOf(conditions, 'RouteAccepted')?.status === 'False') return null;
  if (spec.type !== 'http' || !spec.ingress?.host || port === null) return null;
  return `http://${spec.ingress.host}${port === 80 ? '' : `:${port}`}${spec.ingress.path}`;
}
