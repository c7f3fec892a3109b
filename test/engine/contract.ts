import { creationContract } from './contract/creation.ts';
import { endingContract } from './contract/ending.ts';
import { Fixture, type Host } from './contract/fixture.ts';
import { lifecycleContract } from './contract/lifecycle.ts';
import { networkContract } from './contract/network.ts';
import { observationContract } from './contract/observation.ts';
import { outputContract } from './contract/output.ts';
import { updatingContract } from './contract/updating.ts';
import { usageContract } from './contract/usage.ts';
import { volumesContract } from './contract/volumes.ts';
import { watchingContract } from './contract/watching.ts';

/** What every engine must do. Each test has an installation of its own on the host that `open` gives. */
export function engineContract(open: () => Promise<Host>): void {
  let fixture: Fixture;

  before(async () => {
    fixture = new Fixture(await open());
  });
  beforeEach(async () => await fixture.begin());
  afterEach(async () => await fixture.end());

  for (const contract of [
    networkContract,
    creationContract,
    lifecycleContract,
    observationContract,
    watchingContract,
    endingContract,
    updatingContract,
    outputContract,
    volumesContract,
    usageContract,
  ]) {
    contract(() => fixture);
  }
}
