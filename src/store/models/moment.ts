/** How a moment comes out of the database: from the driver, or from JSON that the server made. */
export type StoredMoment = Date | string;

export function momentOf(stored: StoredMoment): Date {
  return new Date(stored);
}

export function momentOrNull(stored: StoredMoment | null): Date | null {
  return stored === null ? null : momentOf(stored);
}

/** Seconds since 1970, with their fraction: moments in the JSON of records. */
export function epochSeconds(moment: Date): number {
  return moment.getTime() / 1_000;
}

export function epochSecondsOrNull(moment: Date | null): number | null {
  return moment && epochSeconds(moment);
}
