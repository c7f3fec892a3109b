import type { LogLine } from '../engine/engine.ts';

interface Log {
  /** Who wrote it. */
  from: string;
  /** The oldest first. */
  lines: AsyncIterable<LogLine>;
}

/** The lines of several logs that end, as one, the oldest first; of the same moment in the order of the logs. */
export async function* mergeByTime(logs: readonly Log[]): AsyncGenerator<{ from: string; line: LogLine }> {
  const heads = await Promise.all(
    logs.map(async ({ from, lines }) => {
      const iterator = lines[Symbol.asyncIterator]();
      return { from, iterator, next: await iterator.next() };
    }),
  );
  for (;;) {
    let [oldest] = heads.filter(({ next }) => next.done !== true);
    if (!oldest) return;
    for (const head of heads)
      if (
        head.next.done !== true &&
        oldest.next.done !== true &&
        head.next.value.time < oldest.next.value.time
      )
        oldest = head;
    if (oldest.next.done === true) return;
    yield { from: oldest.from, line: oldest.next.value };
    oldest.next = await oldest.iterator.next();
  }
}
