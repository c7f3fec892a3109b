import type { Entry } from './listing.ts';

/**
 * When a change in a folder may be acted on. A file that was renamed into place is whole; one that is written in
 * place is whole when it has been quiet for a while; one that is gone may be about to return. inotify tells the
 * first two apart: a rename is only ever a `rename` event, a write is followed by `change` events.
 */
export interface Change {
  path: string;
  /** What the folder shows now; null when the file is gone. */
  entry: Entry | null;
  /** Milliseconds since 1970: when it began to look as it does now. */
  since: number;
  /** When it first differed from what was handed out. */
  first: number;
}

/** What the file system said of a file, in milliseconds since 1970. */
export interface Hint {
  renamedAt: number | null;
  writtenAt: number | null;
}

export const RENAMED_QUIET_MS = 25;
export const WRITTEN_QUIET_MS = 250;
export const GONE_QUIET_MS = 250;
/** A file that never settles holds the others up for no longer than this. */
export const LONGEST_WAIT_MS = 2000;

/** The differences between what was handed out (`known`) and what the folder shows. */
export function observeChanges(
  before: ReadonlyMap<string, Change>,
  known: ReadonlyMap<string, Entry>,
  entries: readonly Entry[],
  now: number,
): Map<string, Change> {
  const changes = new Map<string, Change>();
  const note = (path: string, entry: Entry | null) => {
    const earlier = before.get(path);
    const same = earlier && earlier.entry?.key === entry?.key;
    changes.set(path, { path, entry, since: same ? earlier.since : now, first: earlier?.first ?? now });
  };
  for (const entry of entries) if (known.get(entry.path)?.key !== entry.key) note(entry.path, entry);
  const present = new Set(entries.map((entry) => entry.path));
  for (const path of known.keys()) if (!present.has(path)) note(path, null);
  return changes;
}

export interface Settlement {
  settled: Change[];
  unsettled: Change[];
  /** Milliseconds until it is worth looking again; 0 when `settled` may be handed out. */
  waitMs: number;
}

/** Changes are handed out together, when all have settled: a manifest that moves from one file to another is one change. */
export function settle(changes: Iterable<Change>, hints: ReadonlyMap<string, Hint>, now: number): Settlement {
  const settled: Change[] = [];
  const unsettled: Change[] = [];
  let waitMs = 0;
  let overdue = false;
  for (const change of changes) {
    const remaining = remainingMs(change, change.entry ? hints.get(change.entry.realPath) : undefined, now);
    if (remaining > 0) {
      unsettled.push(change);
      waitMs = Math.max(waitMs, remaining);
      overdue ||= now - change.first >= LONGEST_WAIT_MS;
    } else {
      settled.push(change);
    }
  }
  return { settled, unsettled, waitMs: overdue ? 0 : waitMs };
}

function remainingMs({ entry, since }: Change, hint: Hint | undefined, now: number): number {
  if (!entry) return since + GONE_QUIET_MS - now;
  const renamedAt = hint?.renamedAt ?? null;
  const writtenAt = hint?.writtenAt ?? null;
  if (renamedAt !== null && writtenAt === null && entry.size > 0) return renamedAt + RENAMED_QUIET_MS - now;
  if (writtenAt !== null) return Math.max(since, writtenAt) + WRITTEN_QUIET_MS - now;
  const written = entry.modifiedMs !== null && entry.modifiedMs <= now ? entry.modifiedMs : since;
  return written + WRITTEN_QUIET_MS - now;
}
