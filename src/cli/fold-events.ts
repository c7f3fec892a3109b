/** Repeats of one event, as one line of a description. */
export interface FoldedEvent<Event> {
  /** The latest of them. */
  event: Event;
  count: number;
  /** From the first to the latest, in milliseconds. */
  spanMs: number;
}

interface Repeatable {
  severity: string;
  reason: string;
  message: string;
  /** ISO 8601. */
  timestamp: string;
}

/** In the name of an instance: `-r<revision>-<attempt>`. */
const attempt = /-r\d+-\d+\b/g;

/**
 * Folds events that say the same of the same replica, whichever attempt it is, into the latest of them; ordered by the
 * latest, oldest first.
 */
export function foldEvents<Event extends Repeatable>(events: readonly Event[]): FoldedEvent<Event>[] {
  const folds = new Map<string, Event[]>();
  for (const event of events.toSorted(byTime)) {
    const key = [event.severity, event.reason, event.message.replaceAll(attempt, '')].join('\n');
    folds.set(key, [...(folds.get(key) ?? []), event]);
  }
  return [...folds.values()]
    .flatMap((repeats) => {
      const [first, latest] = [repeats[0], repeats.at(-1)];
      if (!first || !latest) return [];
      return [{ event: latest, count: repeats.length, spanMs: timeOf(latest) - timeOf(first) }];
    })
    .toSorted((a, b) => byTime(a.event, b.event));
}

function byTime(a: Repeatable, b: Repeatable): number {
  return timeOf(a) - timeOf(b);
}

function timeOf({ timestamp }: Repeatable): number {
  return Date.parse(timestamp);
}
