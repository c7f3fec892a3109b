/**
 * Builds `autoserve/demo-web:TAG`, the image of the demo and the tests, where no registry can be reached: from the
 * node binary that runs this script and the libraries it is linked with. Where the engine is not of this machine's
 * kind, the same server is built from a public base image. An image that is up to date is left alone.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { pack } from 'tar-stream';

const REPOSITORY = 'autoserve/demo-web';
/** Tells whether an image is up to date: a digest of everything it was made of. */
export const INPUTS_LABEL = 'autoserve.io/demo-image-inputs';

const SOURCE = join(import.meta.dirname, 'demo-web');
export const ARCHITECTURES: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Loaded by glibc at run time, so `ldd` does not name them; part of libc itself since 2.34. */
const NAME_SERVICE_LIBRARIES = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

const FILES = {
  'app/server.mjs': readFileSync(join(SOURCE, 'server.mjs')),
  'etc/passwd': 'root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/** Makes `autoserve/demo-web:<tag>` present and returns what was done: `built` or `up to date`. */
export async function buildDemoImage(docker: Docker, tag: string): Promise<'built' | 'up to date'> {
  const image = `${REPOSITORY}:${tag}`;
  const engine = await docker.version();
  const ofThisKind =
    process.platform === 'linux' && engine.Os === 'linux' && engine.Arch === ARCHITECTURES[process.arch];
  const inputs = digestInputs(tag, ofThisKind);
  if ((await inputsOf(docker, image)) === inputs) return 'up to date';
  if (ofThisKind) await importImage(docker, tag, inputs);
  else await buildFromBase(docker, image, tag, inputs);
  if ((await inputsOf(docker, image)) !== inputs)
    throw new Error(`${image} was built, but the engine does not show it`);
  return 'built';
}

export async function inputsOf(docker: Docker, image: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(image).inspect()).Config.Labels?.[INPUTS_LABEL];
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
    throw error;
  }
}

function digestInputs(tag: string, ofThisKind: boolean): string {
  const node = statSync(process.execPath);
  const hash = createHash('sha256').update(JSON.stringify([tag, FILES]));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  if (ofThisKind) hash.update(JSON.stringify([process.execPath, process.version, node.size, node.mtimeMs]));
  else hash.update(readFileSync(join(SOURCE, 'Dockerfile')));
  return hash.digest('hex');
}

async function importImage(docker: Docker, tag: string, inputs: string): Promise<void> {
  const changes = [
    'ENTRYPOINT ["/usr/bin/node"]',
    'CMD ["/app/server.mjs"]',
    'WORKDIR /app',
    'ENV PATH=/usr/bin',
    `ENV DEMO_WEB_VERSION=${tag}`,
    `LABEL ${INPUTS_LABEL}=${inputs}`,
  ];
  await finish(docker, await docker.importImage(rootFilesystem(), { repo: REPOSITORY, tag, changes }));
}

/** Entries carry no times, so that the same content is the same layer, stored once for all tags. */
function rootFilesystem(): Readable {
  const archive = pack();
  const mtime = new Date(0);
  for (const name of ['app', 'etc', 'root', 'usr', 'usr/bin']) {
    archive.entry({ name, type: 'directory', mode: 0o755, mtime });
  }
  for (const name of ['tmp', 'data']) {
    archive.entry({ name, type: 'directory', mode: 0o1777, mtime });
  }
  for (const [name, content] of Object.entries(FILES)) {
    archive.entry({ name, mode: 0o644, mtime }, content);
  }
  for (const library of linkedLibraries(process.execPath)) {
    archive.entry({ name: library.slice(1), mode: 0o755, mtime }, readFileSync(library));
  }
  archive.entry({ name: 'usr/bin/node', mode: 0o755, mtime }, readFileSync(process.execPath));
  archive.finalize();
  return Readable.from(archive);
}

/** Absolute paths of the shared libraries and of the loader, by which `ldd` finds them. */
export function linkedLibraries(binary: string): string[] {
  const lines = execFileSync('ldd', [binary], { encoding: 'utf8' }).split('\n');
  const linked = lines.flatMap((line) => line.match(/(?:=> |^\s*)(\/\S+) \(0x/)?.[1] ?? []);
  const libc = linked.find((path) => /\/libc\.so/.test(path));
  const loadedLater = libc
    ? NAME_SERVICE_LIBRARIES.map((name) => join(dirname(libc), name)).filter(existsSync)
    : [];
  return [...new Set([...linked, ...loadedLater])];
}

async function buildFromBase(docker: Docker, image: string, tag: string, inputs: string): Promise<void> {
  const context = pack();
  context.entry({ name: 'server.mjs' }, FILES['app/server.mjs']);
  context.entry({ name: 'Dockerfile' }, readFileSync(join(SOURCE, 'Dockerfile')));
  context.finalize();
  const reply = await docker.buildImage(Readable.from(context), {
    t: image,
    buildargs: { DEMO_WEB_VERSION: tag },
    labels: { [INPUTS_LABEL]: inputs },
  });
  await finish(docker, reply);
}

export function finish(docker: Docker, reply: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(reply, (error) => (error ? reject(error) : resolve()));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tags = process.argv.length > 2 ? process.argv.slice(2) : ['1'];
  const docker = new Docker();
  for (const tag of tags) {
    if (!/^[\w][\w.-]{0,127}$/.test(tag)) {
      console.error(`"${tag}" is no image tag. Usage: scripts/demo-image [TAG…]`);
      process.exit(2);
    }
    console.log(`${REPOSITORY}:${tag} ${await buildDemoImage(docker, tag)}`);
  }
}
