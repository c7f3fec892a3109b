import { isBusy, isLive, isOut, isReady, isRunning, type Instance } from './instance.ts';

/** The instances that fill, filled or are to fill one replica index. */
export interface Slot {
  index: number;
  /** Every instance of the index, whatever its revision. */
  all: Instance[];
  /** The live instance of the present spec that is kept; none when one has to be made. */
  keeper: Instance | undefined;
  /** Other live instances of the present spec; there should be none. */
  duplicates: Instance[];
  /** Instances of the present spec that have to be replaced, the latest attempt first. */
  ended: Instance[];
  /** Running instances of another spec, healthy or not. */
  old: Instance[];
  /** Instances of another spec that do not run, so that nothing is lost with them. */
  oldEnded: Instance[];
  /** Whether something is being done here, so that it cannot be told yet what is left to do. */
  busy: boolean;
}

export interface Buckets {
  slots: Slot[];
  /** Instances of indices that are not wanted, the highest first. */
  surplus: Instance[];
}

const EAGERNESS: Partial<Record<Instance['phase'], number>> = { running: 0, created: 1, pending: 2 };

/** Sorts what was observed into what the planner decides about. */
export function sortInstances(
  specHash: string,
  replicas: number,
  instances: readonly Instance[],
  now: Date,
): Buckets {
  const indices = wantedIndices(replicas, instances, now);
  const slots = indices.map((index): Slot => {
    const all = instances.filter(({ identity }) => identity.index === index);
    const current = all.filter(({ identity }) => identity.specHash === specHash);
    const old = all.filter(({ identity }) => identity.specHash !== specHash);
    const [keeper, ...duplicates] = current.filter(isLive).toSorted(byEagerness);
    const oldEnded = old.filter((instance) => !isRunning(instance));
    return {
      index,
      all,
      keeper,
      duplicates,
      ended: current.filter((instance) => !isLive(instance)).toSorted(byLatest),
      old: old.filter(isRunning),
      oldEnded,
      // What leaves in the course of a rollout is in nobody's way.
      busy: [...current, ...oldEnded].some(isBusy),
    };
  });
  const surplus = instances
    .filter(({ identity }) => !indices.includes(identity.index))
    .toSorted((a, b) => b.identity.index - a.identity.index);
  return { slots, surplus };
}

/**
 * The indices that are to be filled, ascending. Of too many, those go that are being taken out of service, then those
 * that are not ready, then the highest; of too few, the lowest free ones are added.
 */
function wantedIndices(replicas: number, instances: readonly Instance[], now: Date): number[] {
  const ranks = new Map<number, number>();
  for (const instance of instances) {
    const { index } = instance.identity;
    ranks.set(index, Math.min(ranks.get(index) ?? Infinity, rankOf(instance, now)));
  }
  const kept = [...ranks.entries()]
    .toSorted(([a, rankA], [b, rankB]) => rankA - rankB || a - b)
    .slice(0, replicas)
    .map(([index]) => index);
  for (let index = 0; kept.length < replicas; index += 1) if (!kept.includes(index)) kept.push(index);
  return kept.toSorted((a, b) => a - b);
}

function rankOf(instance: Instance, now: Date): number {
  if (isOut(instance)) return 3;
  if (isReady(instance, now)) return 0;
  return isLive(instance) ? 1 : 2;
}

function byEagerness(a: Instance, b: Instance): number {
  return (
    (EAGERNESS[a.phase] ?? 0) - (EAGERNESS[b.phase] ?? 0) ||
    // An earlier one was replaced: it runs because somebody started it again, or as an old listing has it.
    byLatest(a, b)
  );
}

function byLatest(a: Instance, b: Instance): number {
  return b.identity.revision - a.identity.revision || b.identity.attempt - a.identity.attempt;
}
