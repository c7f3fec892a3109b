import type { AutoServeError } from '../error.ts';

/** Where manifests come from. Implementations: a directory; a git repository slots in beside it. */
export interface Source {
  /** Where it is, for messages. */
  readonly location: string;

  /**
   * Every manifest of one moment, none of them half-written, by path. Throws `AutoServeError` `SourceUnreadable`
   * when the source is missing or cannot be read: that is never an empty source.
   */
  snapshot(): Promise<Snapshot>;

  /**
   * Calls `onChange` when the settled source differs from the last snapshot handed out, and at once when none was;
   * calls `onError` when it can no longer be read or watched, and goes on trying.
   */
  watch(onChange: () => void, onError: (error: AutoServeError) => void): SourceWatch;
}

export interface SourceWatch {
  close(): Promise<void>;
}

export interface Snapshot {
  /** The commit; null for a source without versions. */
  revision: string | null;
  files: SourceFile[];
}

/** One manifest; `path` is relative to the source, with `/`. An unchanged file is the same object in every snapshot. */
export type SourceFile = ReadFile | UnreadableFile;

export interface ReadFile {
  path: string;
  /** At most one byte more than the parser accepts. */
  bytes: Uint8Array;
  /** When it was last written; null where the source does not tell. */
  modifiedAt: Date | null;
}

/** A file, or a whole folder, that is there but could not be read: what it declares is unknown, not gone. */
export interface UnreadableFile {
  path: string;
  error: AutoServeError;
}
