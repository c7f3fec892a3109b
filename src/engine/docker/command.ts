import { pipeline, type Duplex, type Readable } from 'node:stream';
import type { CommandResult } from '../ingress-engine.ts';
import type { DockerConnection } from './connection.ts';
import { toEngineError } from './errors.ts';
import { frames, type Frame } from './logs.ts';

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
  return {
    exitCode: (await exitCodeOf(connection, execution, doing)) ?? 0,
    output: Buffer.concat(parts).toString('utf8'),
  };
}

/** See `IngressEngine.stream`. */
export async function* streamCommand(
  connection: DockerConnection,
  id: string,
  command: readonly string[],
  input: Readable,
  signal: AbortSignal,
): AsyncGenerator<Buffer, number | null, void> {
  if (signal.aborted) return null;
  const doing = `follow ${command[0]} in container ${id}`;
  const { execution, attached } = await begin(connection, id, command, doing, input);
  const stop = (): void => void attached.destroy();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    for await (const frame of frames(attached)) if (isOutput(frame)) yield frame.payload;
  } catch (error) {
    if (signal.aborted) return null;
    throw toEngineError(error, connection.address, doing);
  } finally {
    signal.removeEventListener('abort', stop);
    attached.destroy();
  }
  return signal.aborted ? null : await exitCodeOf(connection, execution, doing);
}

function isOutput({ stream }: Frame): boolean {
  return stream === 'stdout';
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
  const attached = await connection.call(doing, () => execution.start({ hijack: hasInput, stdin: hasInput }));
  // What goes wrong with it is told to who reads.
  if (input) pipeline(input, attached, () => {});
  return { execution: execution.id, attached };
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
