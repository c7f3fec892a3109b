import pino, { type Logger } from 'pino';

const STDERR = 2;

/** The log of a running AutoServe, on stderr: lines to read at a terminal, JSON, one object a line, for everything else. */
export async function openLog(level: string): Promise<Logger> {
  return pino({ level, base: null }, process.stderr.isTTY ? await readable() : jsonLines());
}

function jsonLines(): pino.DestinationStream {
  return pino.destination({ dest: STDERR, sync: true });
}

/** Loaded where somebody looks at it only. */
async function readable(): Promise<pino.DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: STDERR, sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true });
}
