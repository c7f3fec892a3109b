import { failureContract } from './contract/failures.ts';
import { healthContract } from './contract/health.ts';
import type { StoreHost } from './contract/host.ts';
import { journalContract } from './contract/journal.ts';
import { rolloutsContract } from './contract/rollouts.ts';
import { statusContract } from './contract/status.ts';
import { syncContract } from './contract/sync.ts';

/** What every store must do. Each test has an empty one, which `open` gives. */
export function storeContract(open: () => Promise<StoreHost>): void {
  let host: StoreHost;

  beforeEach(async () => {
    host = await open();
  });

  for (const contract of [
    syncContract,
    statusContract,
    rolloutsContract,
    healthContract,
    journalContract,
    failureContract,
  ])
    contract(() => host);
}
