import { text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { EngineError } from '../engine.ts';
import type { IngressFile } from '../ingress-engine.ts';
import type { DockerConnection } from './connection.ts';
import { statusOf } from './errors.ts';

/** Writes files into a container by one archive, owned by root. */
export async function putFiles(
  connection: DockerConnection,
  id: string,
  files: readonly IngressFile[],
): Promise<void> {
  const archive = pack();
  for (const file of files) {
    const name = file.path.slice(1);
    if ('directory' in file) archive.entry({ name, type: 'directory', mode: 0o755 });
    else if ('linkTo' in file) archive.entry({ name, type: 'symlink', linkname: file.linkTo });
    else archive.entry({ name, mode: file.mode }, file.content);
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  await connection.call(`write files into container ${id}`, (docker) =>
    docker.getContainer(id).putArchive(Buffer.concat(parts), { path: '/' }),
  );
}

/** A file's content; undefined when it is not there. */
export async function readFile(
  connection: DockerConnection,
  id: string,
  path: string,
): Promise<string | undefined> {
  try {
    return await connection.call(`read ${path} of container ${id}`, async (docker) => {
      const archive = extract();
      const reading = firstEntry(archive);
      (await docker.getContainer(id).getArchive({ path })).pipe(archive);
      return await reading;
    });
  } catch (error) {
    // Docker says so of the container, too, as "no such container".
    if (error instanceof EngineError && error.code !== 'ContainerNotFound' && statusOf(error.cause) === 404) {
      return undefined;
    }
    throw error;
  }
}

async function firstEntry(archive: ReturnType<typeof extract>): Promise<string | undefined> {
  let content: string | undefined;
  for await (const entry of archive) content ??= await text(entry);
  return content;
}
