/** What nginx's `stub_status` page shows of the moment. */
export interface StubStatus {
  /** Connections of clients, idle ones too. */
  active: number;
  reading: number;
  writing: number;
  waiting: number;
}

/** Undefined for anything but such a page. */
export function parseStubStatus(page: string): StubStatus | undefined {
  const active = /^Active connections: (\d{1,9})\b/.exec(page);
  const states = /^Reading: (\d{1,9}) Writing: (\d{1,9}) Waiting: (\d{1,9})\b/m.exec(page);
  if (!active || !states) return undefined;
  const [, reading, writing, waiting] = states;
  return {
    active: Number(active[1]),
    reading: Number(reading),
    writing: Number(writing),
    waiting: Number(waiting),
  };
}

/** Requests in flight, WebSockets among them, but for the one that asked. */
export function inFlight({ reading, writing }: StubStatus): number {
  return Math.max(0, reading + writing - 1);
}
