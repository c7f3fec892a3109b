import { stripVTControlCharacters, styleText } from 'node:util';

const COLOURS = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'] as const;

/** Prints lines of several writers, each with its writer's name before it, in a colour of its own on a terminal. */
export class PrefixedLines {
  readonly #stream: NodeJS.WriteStream;
  readonly #prefixes = new Map<string, string>();
  #width = 0;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
  }

  /** Makes the writers known, so that their names line up from the first line on. */
  introduce(names: readonly string[]): void {
    this.#width = Math.max(this.#width, ...names.map((name) => name.length));
    for (const name of names)
      if (!this.#prefixes.has(name)) this.#prefixes.set(name, this.#colour(this.#prefixes.size));
  }

  /** Resolves when the stream has room for more. */
  async print(name: string, line: string): Promise<void> {
    this.introduce([name]);
    const colour = this.#prefixes.get(name) as (typeof COLOURS)[number];
    const prefix = styleText(colour, `${name.padEnd(this.#width)} |`, { stream: this.#stream });
    // What goes to a file stays as it was written; a terminal must not be steered by it.
    const text = this.#stream.isTTY ? stripVTControlCharacters(line) : line;
    if (!this.#stream.write(`${prefix} ${text}\n`))
      await new Promise((resolve) => this.#stream.once('drain', resolve));
  }

  #colour(index: number): string {
    return COLOURS[index % COLOURS.length] ?? 'cyan';
  }
}
