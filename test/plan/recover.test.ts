import { expect } from 'chai';
import { recoverOperations } from '../../src/plan/recover.ts';
import type { OperationRecord } from '../../src/store/store.ts';
import { container, type Sketch } from '../controllers/application/fixtures.ts';

const operation = (kind: OperationRecord['kind'], containerId: string | null): OperationRecord => ({
  id: 'op-web-0-r2-1',
  appName: 'web',
  appUid: 'uid-web',
  kind,
  target: 'web-0-r2-1',
  containerId,
  cause: 'InstanceMissing: none',
  startedAt: new Date(0),
});

const outcome = (kind: OperationRecord['kind'], containerId: string | null, observed: Sketch[]): string =>
  recoverOperations([operation(kind, containerId)], observed.map(container))[0]?.outcome ?? '';

describe('recoverOperations', () => {
  it('settles every open operation by what the engine shows', () => {
    const id = 'id-web-0-r2-1';
    expect({
      'created and seen': outcome('createContainer', null, [{ state: 'created' }]),
      'created and not seen': outcome('createContainer', null, []),
      'started and running': outcome('startContainer', null, [{}]),
      'started and ended since': outcome('startContainer', id, [{ state: 'exited' }]),
      'started and still created': outcome('startContainer', id, [{ state: 'created' }]),
      'stopped and ended': outcome('stopContainer', id, [{ state: 'exited' }]),
      'stopped and still running': outcome('stopContainer', id, [{}]),
      'stopped and gone': outcome('stopContainer', id, []),
      'removed and gone': outcome('removeContainer', id, []),
      'removed and still there': outcome('removeContainer', id, [{ state: 'exited' }]),
      'pulled, which leaves no trace': outcome('resolveImage', null, []),
      'recorded, or not, which the engine cannot tell': outcome('recordFailure', id, [{ state: 'exited' }]),
    }).to.deep.equal({
      'created and seen': 'done',
      'created and not seen': 'interrupted',
      'started and running': 'done',
      'started and ended since': 'done',
      'started and still created': 'interrupted',
      'stopped and ended': 'done',
      'stopped and still running': 'interrupted',
      'stopped and gone': 'done',
      'removed and gone': 'done',
      'removed and still there': 'interrupted',
      'pulled, which leaves no trace': 'interrupted',
      'recorded, or not, which the engine cannot tell': 'interrupted',
    });
  });
});
