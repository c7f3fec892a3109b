import type { ApplicationRecord } from '../store/store.ts';

/** On an application: `"false"` keeps it when its manifest is gone. */
export const PRUNE_ANNOTATION = 'autoserve.io/prune';

export interface Prune {
  /** Apps to be removed. */
  pruned: ApplicationRecord[];
  /** Names of apps that would be removed, were it not so many that a mistake is likelier; nothing is pruned then. */
  held: string[];
}

/**
 * What to remove because no manifest speaks for it any more. Held, unless confirmed: all apps, or more than half of
 * five or more, counting those that pruning may touch at all. What was held once stays so until it is confirmed or
 * declared again: neither apps that are new since nor a part of the files put back release the others.
 */
export function planPrune(
  applications: readonly ApplicationRecord[],
  isClaimed: (name: string) => boolean,
  heldBefore: readonly string[],
  confirmed: boolean,
): Prune {
  const prunable = applications.filter(
    ({ deletionRequestedAt, manifest }) =>
      deletionRequestedAt === null && manifest.metadata.annotations[PRUNE_ANNOTATION] !== 'false',
  );
  const gone = prunable.filter(({ name }) => !isClaimed(name));
  if (confirmed) return { pruned: gone, held: [] };
  const fresh = gone.filter(({ name }) => !heldBefore.includes(name));
  const among = prunable.length - (gone.length - fresh.length);
  const tooMany = fresh.length === among || (among >= 5 && fresh.length > among / 2);
  const held = tooMany ? gone : gone.filter((application) => !fresh.includes(application));
  return { pruned: tooMany ? [] : fresh, held: held.map(({ name }) => name).toSorted() };
}
