import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Snapshot } from '../../src/source/source.ts';

/** Writes files, by their path in `folder`. */
export async function tree(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** Text by path; the code of the error for a file that could not be read. */
export const textOf = ({ files }: Snapshot): Record<string, string> =>
  Object.fromEntries(
    files.map((file) => [file.path, 'bytes' in file ? Buffer.from(file.bytes).toString() : file.error.code]),
  );
