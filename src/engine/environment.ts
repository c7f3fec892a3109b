import { messageOf } from '../error.ts';
import { EngineError, type ContainerEnv, type ContainerSpec, type SecretReference } from './engine.ts';

/** Reads a secret's value; throws, without the value in the message, when there is none. */
export type SecretReader = (secret: SecretReference) => Promise<string>;

/** The `NAME=value` lines of a container; `address` is the one reserved for it. Throws `SecretMissing`. */
export async function environment(
  spec: ContainerSpec,
  secrets: SecretReader,
  address: string | undefined,
): Promise<string[]> {
  return await Promise.all(
    spec.env.map(async (variable) => `${variable.name}=${await valueOf(variable, spec, secrets, address)}`),
  );
}

/** Whether the container wants to know its address, so that one must be reserved for it. */
export function needsAddress(spec: ContainerSpec): boolean {
  return spec.env.some((variable) => 'instance' in variable);
}

async function valueOf(
  variable: ContainerEnv,
  spec: ContainerSpec,
  secrets: SecretReader,
  address = '',
): Promise<string> {
  if ('value' in variable) return variable.value;
  if ('instance' in variable) return address;
  const { key, field } = variable.secret;
  const path = field === undefined ? key : `${key}/${field}`;
  try {
    return await secrets(variable.secret);
  } catch (error) {
    throw new EngineError(
      'SecretMissing',
      `cannot create container "${spec.identity.name}": ${variable.name} needs secret ${path}: ${messageOf(error)}`,
      { cause: error, remedy: `put the value into the file ${path} of the secrets directory` },
    );
  }
}
