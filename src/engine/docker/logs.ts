import { Readable } from 'node:stream';
import { EngineError, type LogLine, type LogOptions } from '../engine.ts';
import { secretsOf } from '../labels.ts';
import { redact } from '../redact.ts';
import type { DockerConnection } from './connection.ts';
import { statusOf, toEngineError } from './errors.ts';

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

/** A line as Docker has it, its time to the nanosecond. */
interface TimedLine {
  stream: LogLine['stream'];
  time: string;
  text: string;
}

/** A line whose end has not come yet: Docker cuts long ones into several frames, all of one time. */
interface PartialLine {
  time: string;
  parts: Buffer[];
  bytes: number;
}

/** How far a stream was read: the time of its last line, and how many of that time there were. */
interface Position {
  time: string;
  lines: number;
}

/** The last `tail` lines of both streams, in the order in which Docker got them, without the container's secrets. */
export async function readLogs(connection: DockerConnection, id: string, tail: number): Promise<string> {
  let text = '';
  for await (const { line } of followLogs(connection, id, { tail }, new AbortController().signal)) {
    text += `${line}\n`;
  }
  const { Config } = await connection.call(`inspect container ${id}`, (docker) =>
    docker.getContainer(id).inspect(),
  );
  return redact(text, secretsOf(Config.Labels, Config.Env));
}

/** See `Engine.followLogs`. */
export async function* followLogs(
  connection: DockerConnection,
  id: string,
  { tail, since, follow = false }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const doing = `read the logs of container ${id}`;
  const request = {
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(tail !== undefined && { tail }),
    ...(since && { since: (since.getTime() / 1000).toFixed(3) }),
    abortSignal: signal,
  };
  const positions = new Map<string, Position>();
  try {
    signal.throwIfAborted();
    if (follow) {
      const output = await connection.call(doing, (docker) =>
        docker.getContainer(id).logs({ ...request, follow: true }),
      );
      for await (const line of lines(frames(output as AsyncIterable<Buffer>), doing)) {
        advance(positions, line);
        yield shown(line);
      }
    }
    // Docker may end a followed log before the last lines of a container that has just ended.
    const rest = { ...request, ...(positions.size > 0 && { tail: undefined, since: earliest(positions) }) };
    const output = await connection.call(doing, (docker) =>
      docker.getContainer(id).logs({ ...rest, follow: false }),
    );
    for await (const line of lines(frames(Readable.from([output])), doing, true)) {
      if (!isKnown(positions, line)) yield shown(line);
    }
  } catch (error) {
    if (signal.aborted) return;
    const failure = toEngineError(error, connection.address, doing);
    // A followed container may be removed, or on its way out, before its last lines are read.
    const gone = failure.code === 'ContainerNotFound' || statusOf(failure.cause) === 409;
    if (!follow || !gone) throw failure;
  }
}

function advance(positions: Map<string, Position>, { stream, time }: TimedLine): void {
  const position = positions.get(stream);
  if (position?.time === time) position.lines += 1;
  else positions.set(stream, { time, lines: 1 });
}

/** As seconds since 1970. Times of one form and length are in order as text. */
function earliest(positions: ReadonlyMap<string, Position>): string {
  const [time = ''] = [...positions.values()].map((position) => position.time).toSorted();
  return `${Math.floor(Date.parse(time) / 1000)}.${/\.(\d+)Z$/.exec(time)?.[1] ?? '0'}`;
}

/** Whether a line that is read again, with those before it, is one of those up to its stream's position. */
function isKnown(positions: ReadonlyMap<string, Position>, { stream, time }: TimedLine): boolean {
  const position = positions.get(stream);
  if (!position || time > position.time) return false;
  if (time < position.time) return true;
  position.lines -= 1;
  return position.lines >= 0;
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

/** Every frame is a line or a part of one, with its time before it. A last one without an end counts if it is `over`. */
async function* lines(source: AsyncIterable<Frame>, doing: string, over = false): AsyncGenerator<TimedLine> {
  const open = new Map<LogLine['stream'], PartialLine>();
  for await (const { stream, payload } of source) {
    if (stream === 'stdin') continue;
    if (stream === 'error') {
      throw new EngineError('EngineRefused', `cannot ${doing}: ${payload.toString('utf8').trim()}`);
    }
    const space = payload.indexOf(SPACE);
    const whole = payload.at(-1) === NEWLINE;
    const line = open.get(stream) ?? { time: payload.toString('latin1', 0, space), parts: [], bytes: 0 };
    append(line, payload.subarray(space + 1, whole ? -1 : undefined));
    if (whole) {
      open.delete(stream);
      yield finish(stream, line);
    } else {
      open.set(stream, line);
    }
  }
  if (over) for (const [stream, line] of open) yield finish(stream, line);
}

function append(line: PartialLine, part: Buffer): void {
  const room = MAX_LINE_BYTES - line.bytes;
  line.bytes += part.length;
  if (room > 0) line.parts.push(part.subarray(0, room));
}

function finish(stream: LogLine['stream'], { time, parts, bytes }: PartialLine): TimedLine {
  const text = Buffer.concat(parts).toString('utf8');
  return { stream, time, text: bytes > MAX_LINE_BYTES ? `${text}…` : text };
}

function shown({ stream, time, text }: TimedLine): LogLine {
  return { stream, time: new Date(time), line: text };
}
