import type { NetworkInspectInfo } from 'dockerode';
import { EngineError } from '../engine.ts';
import { INSTALLATION_LABEL } from '../labels.ts';
import type { DockerConnection } from './connection.ts';
import { statusOf } from './errors.ts';
import { lowerHalf } from './subnet.ts';

const ATTEMPTS = 5;

export function networkName(installation: string): string {
  return `autoserve-${installation}`;
}

/** This installation's network, by its label; undefined when there is none. */
export async function findNetwork(
  connection: DockerConnection,
  installation: string,
): Promise<NetworkInspectInfo | undefined> {
  const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
  const networks = await connection.call('list networks', (docker) => docker.listNetworks({ filters }));
  return networks.find((network) => network.Name === networkName(installation));
}

/** The IPv4 subnet of a network; undefined when it has none. */
export function subnetOf(network: NetworkInspectInfo): string | undefined {
  return network.IPAM?.Config?.find((config) => config.Subnet?.includes('.'))?.Subnet;
}

/**
 * Creates the installation's network with an explicit subnet, for Docker gives out fixed addresses only then. The
 * subnet is one that Docker itself chose for a probe network, which is removed before; Docker hands out the lower
 * half at start, the upper half is for addresses reserved at creation. An existing network is success.
 */
export async function createNetwork(connection: DockerConnection, installation: string): Promise<void> {
  for (let attempt = 1; (await findNetwork(connection, installation)) === undefined; attempt += 1) {
    try {
      const subnet = await freeSubnet(connection, installation);
      await create(connection, installation, networkName(installation), subnet);
    } catch (error) {
      if (!isRace(error) || attempt === ATTEMPTS) throw error;
      await refuseForeign(connection, installation, error);
    }
  }
}

async function freeSubnet(connection: DockerConnection, installation: string): Promise<string> {
  const name = `${networkName(installation)}-probe`;
  const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
  const leftovers = await connection.call('list networks', (docker) => docker.listNetworks({ filters }));
  for (const leftover of leftovers.filter((network) => network.Name === name)) {
    await remove(connection, leftover.Id);
  }
  const id = await create(connection, installation, name);
  const probe: NetworkInspectInfo = await connection.call(`inspect network "${name}"`, (docker) =>
    docker.getNetwork(id).inspect(),
  );
  await remove(connection, id);
  const subnet = subnetOf(probe);
  if (subnet === undefined) {
    throw new EngineError('EngineRefused', `cannot create network "${name}": Docker gave it no IPv4 subnet`);
  }
  return subnet;
}

async function create(
  connection: DockerConnection,
  installation: string,
  name: string,
  subnet?: string,
): Promise<string> {
  const network = await connection.call(`create network "${name}"`, (docker) =>
    docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: { [INSTALLATION_LABEL]: installation },
      ...(subnet !== undefined && {
        IPAM: { Driver: 'default', Config: [{ Subnet: subnet, IPRange: lowerHalf(subnet) }] },
      }),
    }),
  );
  return network.id;
}

async function remove(connection: DockerConnection, id: string): Promise<void> {
  await connection.call(`remove network ${id}`, (docker) => docker.getNetwork(id).remove());
}

/** Somebody took the name or the subnet, or removed the probe, in between. */
function isRace(error: unknown): boolean {
  const status = error instanceof EngineError ? statusOf(error.cause) : undefined;
  return status === 403 || status === 404 || status === 409;
}

/** Throws `NameTaken` when a network that is not of this installation has the name. */
async function refuseForeign(
  connection: DockerConnection,
  installation: string,
  cause: unknown,
): Promise<void> {
  const name = networkName(installation);
  const networks = await connection.call('list networks', (docker) =>
    docker.listNetworks({ filters: { name: [name] } }),
  );
  const foreign = networks.find(
    (network) => network.Name === name && network.Labels?.[INSTALLATION_LABEL] !== installation,
  );
  if (!foreign) return;
  throw new EngineError(
    'NameTaken',
    `cannot create network "${name}": network ${foreign.Id.slice(0, 12)} has that name and is not of this installation`,
    { cause, remedy: `\`docker network rm ${name}\` if nobody needs it, or choose another --installation` },
  );
}
