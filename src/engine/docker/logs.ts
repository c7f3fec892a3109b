import type { DockerConnection } from './connection.ts';

/** Each frame of a container's output starts with its stream, three zeros and its length in four bytes. */
const HEADER_BYTES = 8;
const LENGTH_OFFSET = 4;

/** The last `tail` lines of both streams, in the order in which Docker got them. */
export async function readLogs(connection: DockerConnection, id: string, tail: number): Promise<string> {
  const frames = await connection.call(`read the logs of container ${id}`, (docker) =>
    docker.getContainer(id).logs({ stdout: true, stderr: true, follow: false, tail }),
  );
  return demultiplex(frames);
}

function demultiplex(frames: Buffer): string {
  const parts: Buffer[] = [];
  for (let offset = 0; offset + HEADER_BYTES <= frames.length;) {
    const start = offset + HEADER_BYTES;
    offset = start + frames.readUInt32BE(offset + LENGTH_OFFSET);
    parts.push(frames.subarray(start, offset));
  }
  return Buffer.concat(parts).toString('utf8');
}
