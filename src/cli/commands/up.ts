import { Command } from 'commander';
import { durationOf } from '../duration-argument.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Keeps Docker equal to the manifests until it is told to stop (SIGINT, SIGTERM); containers keep running then.
With --once it leaves when everything is as declared (0), cannot be (1), or the time is over (124).

Examples:
  autoserve up --manifests apps/
  autoserve up --once --timeout 120s
  autoserve up --mode observe
  autoserve up --database-url postgres://autoserve@db.internal/autoserve`;

interface Options {
  once?: boolean;
  timeout?: string;
}

export function upCommand(): Command {
  return new Command('up')
    .description('run the manifests')
    .option('--once', 'leave when everything is as declared')
    .option('--timeout <duration>', 'with --once: give up after this long, such as 120s')
    .option('--mode <mode>', 'enforce, or observe: only report what would be done (env AUTOSERVE_MODE)')
    .option(
      '--ingress-address <ip>',
      'where requests come in, default 127.0.0.1 (env AUTOSERVE_INGRESS_ADDRESS)',
    )
    .option('--ingress-port <port>', 'default 8080; 0 for no ingress (env AUTOSERVE_INGRESS_PORT)')
    .option('--ingress-image <image>', 'an nginx (env AUTOSERVE_INGRESS_IMAGE)')
    .option(
      '--listen <address>',
      'for /metrics, /healthz and /readyz, default 127.0.0.1:7070; or off (env AUTOSERVE_LISTEN)',
    )
    .option('--confirm-prune', 'remove what left the folder even when that is most of it')
    .addHelpText('after', help)
    .action(async ({ once = false, timeout }: Options, command: Command) => {
      if (timeout !== undefined && !once) throw usageError('--timeout needs --once', 'autoserve up --help');
      const timeoutMs = timeout === undefined ? null : durationOf(timeout);
      const config = await configOf(command);
      const { up } = await import('../../main.ts');
      process.exitCode = await up(config, {
        once,
        timeoutSeconds: timeoutMs === null ? null : timeoutMs / 1000,
      });
    });
}
