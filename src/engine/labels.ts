import type { ContainerEnv, InstanceIdentity } from './engine.ts';

const PREFIX = 'autoserve.io/';

/** The label that says which installation a container, volume or network belongs to. */
export const INSTALLATION_LABEL = `${PREFIX}installation`;

/** The label with the names of the variables whose values are secrets. */
const SECRETS_LABEL = `${PREFIX}secrets`;

/** What a container of the installation is for when it is no instance of an app. */
const ROLE_LABEL = `${PREFIX}role`;
/** Tells whether the ingress container is as it would be created now. */
export const SETTINGS_LABEL = `${PREFIX}settings`;

const LABELS = {
  name: `${PREFIX}name`,
  app: `${PREFIX}app`,
  appUid: `${PREFIX}uid`,
  index: `${PREFIX}index`,
  revision: `${PREFIX}revision`,
  attempt: `${PREFIX}attempt`,
  restarts: `${PREFIX}restarts`,
  specHash: `${PREFIX}spec-hash`,
  operationId: `${PREFIX}operation`,
} as const satisfies Record<keyof InstanceIdentity, string>;

/** The labels of one instance's container. */
export function instanceLabels(installation: string, identity: InstanceIdentity): Record<string, string> {
  return {
    [INSTALLATION_LABEL]: installation,
    [LABELS.name]: identity.name,
    [LABELS.app]: identity.app,
    [LABELS.appUid]: identity.appUid,
    [LABELS.index]: String(identity.index),
    [LABELS.revision]: String(identity.revision),
    [LABELS.attempt]: String(identity.attempt),
    [LABELS.restarts]: String(identity.restarts),
    [LABELS.specHash]: identity.specHash,
    [LABELS.operationId]: identity.operationId,
  };
}

/** The label that says which variables are secrets, by name; none where there are none. */
export function secretLabels(env: readonly ContainerEnv[]): Record<string, string> {
  const names = env.flatMap((variable) => ('secret' in variable ? variable.name : []));
  return names.length > 0 ? { [SECRETS_LABEL]: names.join(',') } : {};
}

/**
 * The values of a container's secrets by name, from its labels and its environment: what it was given, whatever the
 * secrets are by now.
 *
 * @param env `NAME=value` lines
 */
export function secretsOf(
  labels: Readonly<Record<string, string>>,
  env: readonly string[],
): Map<string, string> {
  const names = new Set(labels[SECRETS_LABEL]?.split(','));
  const variables = env.map((line): [string, string] => {
    const end = line.indexOf('=');
    return [line.slice(0, end), line.slice(end + 1)];
  });
  return new Map(variables.filter(([name]) => names.has(name)));
}

/** The labels of the installation's ingress, which make it no instance of any app. */
export function ingressLabels(installation: string): Record<string, string> {
  return { [INSTALLATION_LABEL]: installation, [ROLE_LABEL]: 'ingress' };
}

/** Whether these are the labels of the installation's ingress. */
export function isIngress(labels: Readonly<Record<string, string>>, installation: string): boolean {
  return labels[INSTALLATION_LABEL] === installation && labels[ROLE_LABEL] === 'ingress';
}

/** The labels of what an app's instances share: its volumes. */
export function appLabels(installation: string, app: string): Record<string, string> {
  return { [INSTALLATION_LABEL]: installation, [LABELS.app]: app };
}

/** Reads an identity back; undefined when a label is missing or is not what AutoServe writes. */
export function parseIdentity(labels: Readonly<Record<string, string>>): InstanceIdentity | undefined {
  const name = labels[LABELS.name];
  const app = appOf(labels);
  const appUid = labels[LABELS.appUid];
  const index = integer(labels[LABELS.index], 0);
  const revision = integer(labels[LABELS.revision], 0);
  const attempt = integer(labels[LABELS.attempt], 1);
  const restarts = integer(labels[LABELS.restarts], 0);
  const specHash = labels[LABELS.specHash];
  const operationId = labels[LABELS.operationId];
  if (!name || !app || !appUid || !specHash || !operationId) return undefined;
  if (index === undefined || revision === undefined || attempt === undefined || restarts === undefined) {
    return undefined;
  }
  return { name, app, appUid, index, revision, attempt, restarts, specHash, operationId };
}

/** The app that a container's labels, or an event's attributes, name. */
export function appOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels[LABELS.app];
}

function integer(text: string | undefined, least: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least ? value : undefined;
}
