import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { askReader } from './reader.ts';

export interface SocketsListener {
  /** The connections that nginx has established, in lines of `/proc/net/tcp`; every few seconds. */
  onSockets(lines: readonly string[]): void;
  /** They are not known from now on, until `onSockets`. */
  onLost(error: Error): void;
}

const EVERY_MS = 5_000;
const RETRY_MS = 5_000;

const ESTABLISHED = `
function tell(file,  line, text) {
  while ((getline line < file) > 0)
    if (line ~ / 01 /) {
      text = text line "\\n"
      if (length(text) > 4000) { printf "%s", text; text = "" }
    }
  close(file)
  printf "%s", text
}
{ tell("/proc/net/tcp"); tell("/proc/net/tcp6"); print ""; fflush() }
`;

/** Tells which connections nginx has, until `signal` says so. */
export async function followSockets(
  engine: IngressEngine,
  clock: Clock,
  listener: SocketsListener,
  signal: AbortSignal,
): Promise<void> {
  await askReader(engine, clock, {
    program: [ESTABLISHED],
    everyMs: EVERY_MS,
    onAnswer: (lines) => listener.onSockets(lines),
    onLost: (error) => listener.onLost(error),
    retryMs: RETRY_MS,
    signal,
  });
}
