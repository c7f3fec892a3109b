import { setTimeout as delay } from 'node:timers/promises';
import { pipeline, type Duplex, type Readable } from 'node:stream';
import type { CommandResult } from '../ingress-engine.ts';
import { EngineError } from '../engine.ts';
import type { DockerConnection } from './connection.ts';
import { toEngineError } from './errors.ts';
import { frames } from './logs.ts';

const MOST_COMPLAINTS = 500;
/** That many looks at whether a command has ended whose output has. */
const LOOKS = 250;
const LOOK_MS = 20;

/** See `IngressEngine.run`. */
export async function runCommand(
  connection: DockerConnection,
  id: string,
  command: readonly string[],
): Promise<CommandResult> {
  const doing = `run ${command.join(' ')} in container ${id}`;
  const { execution, attached } = await begin(connection, id, command, doing);
  const parts: Buffer[] = [];
  await connection.call(doing, async () => {
    for await (const { payload } of frames(attached)) parts.push(payload);
  });
  const exitCode = await endOf(connection, execution, doing);
  return { exitCode, output: Buffer.concat(parts).toString('utf8') };
}

/** See `IngressEngine.stream`. */
export async function* streamCommand(
  connection: DockerConnection,
  id: string,
  command: readonly string[],
  input: Readable,
  signal: AbortSignal,
): AsyncGenerator<Buffer, CommandResult | null, void> {
  if (signal.aborted) return null;
  const doing = `follow ${command[0]} in container ${id}`;
  const { execution, attached } = await begin(connection, id, command, doing, input);
  let complaints = '';
  const stop = (): void => void attached.destroy();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    for await (const { stream, payload } of frames(attached)) {
      if (stream === 'stdout') yield payload;
      else complaints = (complaints + payload.toString('utf8')).slice(-MOST_COMPLAINTS);
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw toEngineError(error, connection.address, doing);
  } finally {
    signal.removeEventListener('abort', stop);
    attached.destroy();
  }
  if (signal.aborted) return null;
  return { exitCode: (await exitCodeOf(connection, execution, doing)) ?? 0, output: complaints };
}

async function begin(
  connection: DockerConnection,
  id: string,
  command: readonly string[],
  doing: string,
  input?: Readable,
): Promise<{ execution: string; attached: Duplex }> {
  const hasInput = input !== undefined;
  const options = { Cmd: [...command], AttachStdin: hasInput, AttachStdout: true, AttachStderr: true };
  const execution = await connection.call(doing, (docker) => docker.getContainer(id).exec(options));
  let isGivenUp = false;
  try {
    const attached = await connection.call(doing, async () => {
      const started = await execution.start({ hijack: hasInput, stdin: hasInput });
      // Without a listener an error ends the process; it is told to who reads, if anybody still does.
      started.on('error', () => {});
      if (isGivenUp) started.destroy();
      return started;
    });
    if (input) pipeline(input, attached, () => {});
    return { execution: execution.id, attached };
  } catch (error) {
    isGivenUp = true;
    throw error;
  }
}

/** The exit code of a command whose output has ended: Docker hears of its end on another way, maybe a moment later. */
async function endOf(connection: DockerConnection, execution: string, doing: string): Promise<number> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const exitCode = await exitCodeOf(connection, execution, doing);
    if (exitCode !== null) return exitCode;
    await delay(LOOK_MS);
  }
  throw new EngineError('EngineRefused', `cannot ${doing}: it has closed its output and does not end`);
}

/** Null while it runs. */
async function exitCodeOf(
  connection: DockerConnection,
  execution: string,
  doing: string,
): Promise<number | null> {
  const { ExitCode } = await connection.call(doing, (docker) => docker.getExec(execution).inspect());
  return ExitCode;
}
