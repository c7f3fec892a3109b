import { isLive, isReady, type Instance } from './instance.ts';

/** The instances that fill, filled or are to fill one replica index. */
export interface Slot {
  index: number;
  /** Every instance of the index, whatever its revision. */
  all: Instance[];
  /** The live instance of the present spec that is kept; none when one has to be made. */
  keeper: Instance | undefined;
  /** Other live instances of the present spec; there should be none. */
  duplicates: Instance[];
  /** Instances of the present spec that are not live, the latest attempt first. */
  ended: Instance[];
  /** Running instances of another spec. */
  old: Instance[];
  /** Instances of another spec that do not run, so that nothing is lost with them. */
  oldEnded: Instance[];
}

export interface Buckets {
  slots: Slot[];
  /** Instances beyond the desired count, highest index first. */
  surplus: Instance[];
}

const EAGERNESS = { running: 0, created: 1, pending: 2 } as Record<Instance['phase'], number>;

/** Sorts what was observed into what the planner decides about. */
export function sortInstances(specHash: string, replicas: number, instances: readonly Instance[]): Buckets {
  const slots = Array.from({ length: replicas }, (_, index): Slot => {
    const all = instances.filter(({ identity }) => identity.index === index);
    const current = all.filter(({ identity }) => identity.specHash === specHash);
    const old = all.filter(({ identity }) => identity.specHash !== specHash);
    const [keeper, ...duplicates] = current.filter(isLive).toSorted(
      (a, b) =>
        (EAGERNESS[a.phase] ?? 0) - (EAGERNESS[b.phase] ?? 0) ||
        // An earlier one was replaced: it runs because somebody started it again, or as an old listing has it.
        b.identity.revision - a.identity.revision ||
        b.identity.attempt - a.identity.attempt,
    );
    return {
      index,
      all,
      keeper,
      duplicates,
      ended: current
        .filter((instance) => !isLive(instance))
        .toSorted(
          (a, b) => b.identity.revision - a.identity.revision || b.identity.attempt - a.identity.attempt,
        ),
      old: old.filter(({ phase }) => phase === 'running'),
      oldEnded: old.filter(({ phase }) => phase !== 'running'),
    };
  });
  const surplus = instances
    .filter(({ identity }) => identity.index >= replicas)
    .toSorted((a, b) => b.identity.index - a.identity.index);
  return { slots, surplus };
}

/** Whether the slot serves now, be it with the present spec or an older one. */
export function isServing({ keeper, old }: Slot, now: Date): boolean {
  return (keeper !== undefined && isReady(keeper, now)) || old.some((instance) => isReady(instance, now));
}
