import { styleText } from 'node:util';
import type { ProgressLine } from './rollout-progress.ts';

const COLOURS = { '✔': 'green', '✘': 'red', '!': 'yellow' } as const;
const UP_AND_CLEAR = '\u{1b}[1A\u{1b}[2K';

/**
 * Shows what happens as it happens, on stderr: on a terminal as lines that are written anew, elsewhere each new or
 * changed line once.
 */
export class LiveLines {
  readonly #stream: NodeJS.WriteStream;
  /** The text last said of each key. */
  readonly #said = new Map<string, string>();
  readonly #lines = new Map<string, ProgressLine>();
  #status = '';
  /** Lines on the terminal that are ours. */
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Takes these as told: what was so before is no news. */
  know(lines: readonly ProgressLine[]): void {
    for (const { key, text } of lines) this.#said.set(key, text);
  }

  /**
   * @param status what is waited for, the last line on a terminal; empty for nothing
   * @param detail changes too often to be said anywhere but on a terminal, behind the status
   */
  update(lines: readonly ProgressLine[], status: string, detail = ''): void {
    const news = lines.filter(({ key, text }) => this.#said.get(key) !== text);
    this.know(news);
    for (const line of news) this.#lines.set(line.key, line);
    const isNewStatus = status !== '' && status !== this.#status;
    this.#status = status;
    if (this.#stream.isTTY) this.#draw(status + detail);
    else this.#write([...news.map((line) => this.#show(line)), ...(isNewStatus ? [status] : [])]);
  }

  #draw(status: string): void {
    // More than the screen holds could not be written anew.
    const lines = [...this.#lines.values()].map((line) => this.#show(line));
    const room = Math.max(1, (this.#stream.rows || 24) - 2);
    const width = (this.#stream.columns || 80) - 1;
    this.#stream.write(UP_AND_CLEAR.repeat(this.#drawn));
    const shown = [...lines.slice(-room), ...(status === '' ? [] : [status.slice(0, width)])];
    this.#write(shown);
    this.#drawn = shown.length;
  }

  #show({ mark, text }: ProgressLine): string {
    const width = this.#stream.isTTY ? (this.#stream.columns || 80) - 4 : Infinity;
    return ` ${styleText(COLOURS[mark], mark, { stream: this.#stream })} ${text.slice(0, width)}`;
  }

  #write(lines: readonly string[]): void {
    this.#stream.write(lines.map((line) => `${line}\n`).join(''));
  }
}
