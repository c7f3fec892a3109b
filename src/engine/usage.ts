/** What containers and their host use: the part of an engine that metrics are made of. Nothing here has an effect. */
export interface EngineUsage {
  /** What these containers use now; those that do not run, are gone or are not of this installation are left out. */
  stats(ids: Iterable<string>): Promise<Map<string, ContainerStats>>;

  /**
   * Bytes that each container of this installation has written into its own layer, by id. The engine adds up files for
   * it: not to be asked often.
   */
  diskUsage(): Promise<Map<string, number>>;

  /** The host of the engine. */
  host(): Promise<HostStats>;
}

/** What a container uses at one moment, as its cgroup counts. */
export interface ContainerStats {
  /** CPU time since it was started, in nanoseconds of one core. */
  cpuNanos: number;
  /** Working set: memory that could not be taken back without a loss, which is all but unused file cache. */
  memoryBytes: number;
  /** Null without a limit, as is `nanoCpus`. */
  memoryLimitBytes: number | null;
  /** CPU limit in billionths of a core. */
  nanoCpus: number | null;
  /** Milliseconds since the epoch, by a clock that never jumps, for differences. */
  at: number;
}

export interface HostStats {
  cpus: number;
  memoryBytes: number;
  /** What everything on the host uses together; null when the host is not this one and cannot be looked into. */
  usage: HostUsage | null;
}

export interface HostUsage {
  /** CPU time since the host was started, of all cores. */
  cpuNanos: number;
  /** All memory but what is available to new processes. */
  memoryBytes: number;
  /** What is taken of the disk on which the engine keeps its data. */
  diskBytes: number;
  at: number;
}
