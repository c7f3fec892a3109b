import type { Scaling } from '../../manifest/app.gen.ts';

/**
 * That a person decided on another count than the manifest's; null where nobody did.
 *
 * @param scaledReplicas the count that was decided on, by whomever
 */
export function scaledByHand(scaling: Scaling, scaledReplicas: number | null): string | null {
  if (scaling.mode !== 'manual' || scaledReplicas === null) return null;
  return `scaled to ${scaledReplicas} by hand; the manifest says ${declaredCount(scaling)}`;
}

/** The count that the manifest of an application in mode manual says. */
export function declaredCount({ replicas, minReplicas }: Scaling): number {
  return replicas ?? minReplicas;
}
