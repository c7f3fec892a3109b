import { expect } from 'chai';
import {
  isRecorded,
  ledgerEntry,
  memoryAfterRestart,
  recordedDecision,
  recordedInput,
  type LedgerEntry,
  type Recorded,
} from '../../../src/controllers/scaling/ledger.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { ago, inputOf, NOW, type InputChanges } from './inputs.ts';

const APP = { name: 'web', uid: '6a0b8bb6-3a5a-4d6f-9c0c-1f0c7f6d1a11' };

function entryOf(changes: InputChanges): LedgerEntry {
  const input = inputOf(changes);
  return ledgerEntry(APP, input, proportional(input));
}

describe('the ledger', () => {
  it('has a row of an evaluation with counts, reason and clamps', () => {
    const entry = entryOf({ values: { rps: 400 }, policy: { maxScaleOutStep: 3 } });
    expect(entry).to.deep.include({
      appName: 'web',
      appUid: APP.uid,
      evaluatedAt: NOW,
      currentReplicas: 2,
      desiredReplicas: 5,
      decision: 'scale_out',
      reason: 'RPSAboveThreshold',
      message: 'rps 400 is 800 % of its target 50 and asks for 20',
      clamps: ['ScaleOutStep'],
    });
    expect(entry.inputs.clampDetails).to.deep.equal([{ kind: 'ScaleOutStep', asked: 20, allowed: 5 }]);
  });

  it('says hold and scale_in, too', () => {
    expect(entryOf({ values: { rps: 30 } }).decision).to.equal('hold');
    expect(entryOf({ values: { rps: 1 } }).decision).to.equal('scale_in');
  });

  it('has all that is needed to decide again, through JSON', () => {
    for (const changes of [
      { values: { rps: 90 } },
      { values: { rps: 1 }, lastScaledAt: ago(10) },
      { values: { cpu: null }, rollingOut: true },
      { n: 0, policy: { minReplicas: 0 }, window: { arriving: 3 } },
    ]) {
      const entry = entryOf(changes);
      const stored = { ...entry, inputs: JSON.parse(JSON.stringify(entry.inputs)) as LedgerEntry['inputs'] };
      const again = proportional(recordedInput(stored));
      expect(ledgerEntry(APP, recordedInput(stored), again)).to.deep.equal(entry);
      expect(recordedDecision(stored)).to.deep.equal(again);
    }
  });

  it('records every change of count, reason or policy, and one of those that stay a minute', () => {
    const out = proportional(inputOf({ values: { rps: 90 } }));
    const hold = proportional(inputOf({ values: { rps: 30 } }));
    const { policy } = inputOf({});
    const { desired, reason } = hold;
    const recorded = (seconds: number, changes: Partial<Recorded> = {}): Recorded => ({
      at: new Date(ago(seconds)),
      desired,
      reason,
      policy,
      ...changes,
    });
    expect(isRecorded(out, policy, recorded(1, out), NOW)).to.equal(true);
    expect(isRecorded(hold, policy, null, NOW)).to.equal(true);
    expect(isRecorded(hold, policy, recorded(1, { reason: 'NoReadyInstances' }), NOW)).to.equal(true);
    expect(isRecorded(hold, policy, recorded(1, { desired: desired + 1 }), NOW)).to.equal(true);
    expect(isRecorded(hold, policy, recorded(1, { policy: { ...policy, maxReplicas: 9 } }), NOW)).to.equal(
      true,
    );
    expect(isRecorded(hold, policy, recorded(59.9), NOW)).to.equal(false);
    expect(isRecorded(hold, policy, recorded(60), NOW)).to.equal(true);
  });

  it('gives back after a restart what was learned, but no time that nobody watched', () => {
    const slow = { revision: 1, replicas: 2, arriving: 60 };
    const entry = entryOf({ values: { rps: 30, latency: 400 } });
    expect(memoryAfterRestart(entry)).to.deep.equal({ lowSince: null, idleSince: null, slow });
    expect(memoryAfterRestart(entryOf({}))).to.deep.equal({ lowSince: null, idleSince: null, slow: null });
    expect(memoryAfterRestart(undefined)).to.deep.equal({ lowSince: null, idleSince: null, slow: null });
  });
});
