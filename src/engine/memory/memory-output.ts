import type { LogLine, LogOptions } from '../engine.ts';

/** What one container printed. */
export class MemoryOutput {
  readonly #lines: LogLine[] = [];
  #ended = false;
  readonly #waiting: (() => void)[] = [];

  print(line: LogLine): void {
    this.#lines.push(line);
    this.#wake();
  }

  /** The container runs, and may print more, or it does so no longer. */
  setEnded(ended: boolean): void {
    this.#ended = ended;
    this.#wake();
  }

  /** See `Engine.followLogs`. */
  async *follow(
    { tail = Infinity, since, follow }: LogOptions,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const wanted = (line: LogLine) => !since || line.time >= since;
    let at = this.#lines.length;
    if (tail > 0) yield* this.#lines.filter(wanted).slice(-tail);
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    if (!follow) return;
    while (!signal.aborted) {
      for (; at < this.#lines.length; at += 1) {
        const line = this.#lines[at];
        if (line && wanted(line)) yield line;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
