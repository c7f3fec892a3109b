import { Readable } from 'node:stream';
import { EngineError, type LogLine, type LogOptions } from '../engine.ts';
import type { DockerConnection } from './connection.ts';
import { toEngineError } from './errors.ts';

/** Each frame of a container's output starts with its stream, three zeros and its length in four bytes. */
const HEADER_BYTES = 8;
const LENGTH_OFFSET = 4;
const STREAMS = ['stdin', 'stdout', 'stderr', 'error'] as const;

const SPACE = 0x20;
const NEWLINE = 0x0a;
/** What a line has beyond this is dropped, and an ellipsis says so. */
const MAX_LINE_BYTES = 64 * 1024;

interface Frame {
  stream: (typeof STREAMS)[number];
  payload: Buffer;
}

/** A line whose end has not come yet: Docker cuts long ones into several frames. */
interface PartialLine {
  time: Date;
  parts: Buffer[];
  bytes: number;
}

/** The last `tail` lines of both streams, in the order in which Docker got them. */
export async function readLogs(connection: DockerConnection, id: string, tail: number): Promise<string> {
  let text = '';
  for await (const { line } of followLogs(connection, id, { tail }, new AbortController().signal)) {
    text += `${line}\n`;
  }
  return text;
}

/** See `Engine.followLogs`. */
export async function* followLogs(
  connection: DockerConnection,
  id: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const doing = `read the logs of container ${id}`;
  try {
    signal.throwIfAborted();
    const output = await connection.call(doing, async (docker): Promise<NodeJS.ReadableStream> => {
      const container = docker.getContainer(id);
      const request = requestOf(options, signal);
      if (options.follow) return await container.logs({ ...request, follow: true });
      return Readable.from([await container.logs({ ...request, follow: false })]);
    });
    yield* lines(frames(output as AsyncIterable<Buffer>), doing);
  } catch (error) {
    if (!signal.aborted) throw toEngineError(error, connection.address, doing);
  }
}

function requestOf({ tail, since }: LogOptions, signal: AbortSignal) {
  return {
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(tail !== undefined && { tail }),
    ...(since && { since: (since.getTime() / 1000).toFixed(3) }),
    abortSignal: signal,
  };
}

async function* frames(output: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of output) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(LENGTH_OFFSET);
      if (rest.length < end) break;
      yield { stream: STREAMS[rest[0] ?? 0] ?? 'error', payload: rest.subarray(HEADER_BYTES, end) };
      rest = rest.subarray(end);
    }
  }
}

/** Every frame is a line or a part of one, with its time before it. */
async function* lines(source: AsyncIterable<Frame>, doing: string): AsyncGenerator<LogLine> {
  const open = new Map<LogLine['stream'], PartialLine>();
  for await (const { stream, payload } of source) {
    if (stream === 'stdin') continue;
    if (stream === 'error') {
      throw new EngineError('EngineRefused', `cannot ${doing}: ${payload.toString('utf8').trim()}`);
    }
    const space = payload.indexOf(SPACE);
    const whole = payload.at(-1) === NEWLINE;
    const line = open.get(stream) ?? {
      time: new Date(payload.toString('latin1', 0, space)),
      parts: [],
      bytes: 0,
    };
    append(line, payload.subarray(space + 1, whole ? -1 : undefined));
    if (whole) {
      open.delete(stream);
      yield finish(stream, line);
    } else {
      open.set(stream, line);
    }
  }
  for (const [stream, line] of open) yield finish(stream, line);
}

function append(line: PartialLine, part: Buffer): void {
  const room = MAX_LINE_BYTES - line.bytes;
  line.bytes += part.length;
  if (room > 0) line.parts.push(part.subarray(0, room));
}

function finish(stream: LogLine['stream'], { time, parts, bytes }: PartialLine): LogLine {
  const line = Buffer.concat(parts).toString('utf8');
  return { stream, time, line: bytes > MAX_LINE_BYTES ? `${line}…` : line };
}
