/** `npm run demo:clean [-- --keep-images]`: removes everything that `npm run demo` made, and nothing else. */
import { existsSync, rmSync } from 'node:fs';
import Docker from 'dockerode';
import { INSTALLATION_LABEL } from '../src/engine/labels.ts';
import { INPUTS_LABEL } from './demo-image.ts';
import { DATA_DIR, INSTALLATION, stopAutoServe, stopPostgres } from './demo-installation.ts';

const docker = new Docker();
const filters = { label: [`${INSTALLATION_LABEL}=${INSTALLATION}`] };

if (existsSync(DATA_DIR)) {
  await stopAutoServe();
  await stopPostgres();
}
// Containers first, for they hold on to the rest.
const containers = await docker.listContainers({ all: true, filters });
await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
const networks = await docker.listNetworks({ filters });
await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
const { Volumes: volumes } = await docker.listVolumes({ filters });
await Promise.all(volumes.map(({ Name }) => docker.getVolume(Name).remove()));
const images = process.argv.includes('--keep-images')
  ? []
  : await docker.listImages({ filters: { label: [INPUTS_LABEL] } });
const removed = await Promise.all(images.map(({ Id }) => removeImage(Id)));
rmSync(DATA_DIR, { recursive: true, force: true });

console.log(
  `Removed ${containers.length} containers, ${networks.length} networks, ${volumes.length} volumes, ` +
    `${removed.filter(Boolean).length} images and ${DATA_DIR}.`,
);

/** Removes an image under all its names, unless a container outside the demo uses it. */
async function removeImage(id: string): Promise<boolean> {
  const users = await docker.listContainers({ all: true, filters: { ancestor: [id] } });
  if (users.length > 0) {
    console.log(`Kept image ${id}: container ${users[0]?.Names[0] ?? ''} uses it.`);
    return false;
  }
  await docker.getImage(id).remove({ force: true });
  return true;
}
