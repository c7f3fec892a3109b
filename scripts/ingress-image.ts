/**
 * Builds `autoserve/ingress`, the nginx image of the demo and the tests, where no registry can be reached: from the
 * nginx of this machine (Debian and Ubuntu: the package nginx-light, installed when it is missing) and the libraries it
 * is linked with. An image that is up to date is left alone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { ARCHITECTURES, finish, INPUTS_LABEL, inputsOf, linkedLibraries } from './demo-image.ts';

const REPOSITORY = 'autoserve/ingress';
export const INGRESS_IMAGE = `${REPOSITORY}:latest`;

const PUBLIC_IMAGE = 'nginx:1.28-alpine';

const NGINX = '/usr/sbin/nginx';
/** With `awk` and `sh` AutoServe reads the access log and what is open. */
const PROGRAMS = [NGINX, '/usr/bin/awk', '/bin/sh'];
const PACKAGE = 'nginx-light';
/** Debian asks it whether an installation may start services; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d';

const FILES = {
  'etc/passwd': 'root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
/** What nginx opens before it has read which other places its configuration names. */
const DIRECTORIES = [
  'bin',
  'etc',
  'run',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
  'var/lib',
  'var/lib/nginx',
  'var/log',
  'var/log/nginx',
];

/** The image to use with this engine, and what was done about it: where it cannot run this machine's nginx, the public one. */
export async function ingressImage(docker: Docker): Promise<{ image: string; state: string }> {
  if (await isOfThisKind(docker)) return { image: INGRESS_IMAGE, state: await buildIngressImage(docker) };
  return { image: PUBLIC_IMAGE, state: 'from its registry' };
}

async function isOfThisKind(docker: Docker): Promise<boolean> {
  const { Os, Arch } = await docker.version();
  return process.platform === 'linux' && Os === 'linux' && Arch === ARCHITECTURES[process.arch];
}

/** Makes the image present and returns what was done. Throws where this machine has no nginx to make it of. */
export async function buildIngressImage(docker: Docker): Promise<'built' | 'up to date'> {
  if (!(await isOfThisKind(docker))) {
    throw new Error(`the engine cannot run this machine's nginx: set the ingress image to ${PUBLIC_IMAGE}`);
  }
  if (!existsSync(NGINX)) installNginx();
  const inputs = digestInputs();
  if ((await inputsOf(docker, INGRESS_IMAGE)) === inputs) return 'up to date';
  const changes = [
    `ENTRYPOINT ["${NGINX}"]`,
    'CMD ["-g", "daemon off;"]',
    'ENV PATH=/usr/sbin:/usr/bin',
    `LABEL ${INPUTS_LABEL}=${inputs}`,
  ];
  await finish(
    docker,
    await docker.importImage(rootFilesystem(), { repo: REPOSITORY, tag: 'latest', changes }),
  );
  if ((await inputsOf(docker, INGRESS_IMAGE)) !== inputs) {
    throw new Error(`${INGRESS_IMAGE} was built, but the engine does not show it`);
  }
  return 'built';
}

function installNginx(): void {
  const debian = existsSync('/usr/bin/apt-get');
  if (!debian || process.getuid?.() !== 0) {
    throw new Error(
      debian
        ? `nginx is not installed. Run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${PACKAGE}`
        : `nginx is not at ${NGINX}: install it, or set the ingress image to ${PUBLIC_IMAGE}`,
    );
  }
  const forbidden = forbidServices();
  try {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', PACKAGE]]) {
      const { status } = spawnSync('apt-get', args, {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
      if (status !== 0) throw new Error(`apt-get ${args[0]} failed: see above`);
    }
  } finally {
    if (forbidden) rmSync(POLICY);
  }
}

/** The program is wanted, not the server that its package starts; whether that had to be said. */
function forbidServices(): boolean {
  if (existsSync(POLICY)) return false;
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return true;
}

function digestInputs(): string {
  const hash = createHash('sha256').update(JSON.stringify(FILES));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const file of contents()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

/** Entries carry no times, so that the same content is the same layer. */
function rootFilesystem(): Readable {
  const archive = pack();
  const mtime = new Date(0);
  for (const name of DIRECTORIES) archive.entry({ name, type: 'directory', mode: 0o755, mtime });
  archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777, mtime });
  for (const [name, content] of Object.entries(FILES)) archive.entry({ name, mode: 0o644, mtime }, content);
  for (const file of contents()) {
    archive.entry({ name: file.slice(1), mode: 0o755, mtime }, readFileSync(file));
  }
  archive.finalize();
  return Readable.from(archive);
}

/** Programs and the libraries they are linked with. */
function contents(): string[] {
  return [...new Set([...PROGRAMS, ...PROGRAMS.flatMap(linkedLibraries)])];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`${INGRESS_IMAGE} ${await buildIngressImage(new Docker())}`);
}
