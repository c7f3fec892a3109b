import { expect } from 'chai';
import { declared, document, file, Installation, NOTHING, NOW, reasons } from './installation.ts';

describe('pruning', () => {
  let installation: Installation;

  beforeEach(() => {
    installation = new Installation();
  });

  const apps = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => file(`${from + i}.yaml`, document(`app-${from + i}`)));

  it('removes an app whose manifest is gone', () => {
    installation.sync(apps(2));
    const plan = installation.sync(apps(1));
    expect(plan.changes.deletions).to.deep.equal([{ name: 'app-1', requestedAt: NOW }]);
    expect(plan.changes.removedManifests).to.deep.equal(['1.yaml']);
    expect(reasons(plan)).to.deep.equal(['ApplicationDeletionRequested']);
    expect(installation.plan(apps(1)).changes).to.deep.equal(NOTHING);
  });

  it('removes an app that its file no longer declares', () => {
    installation.sync([file('a.yaml', document('web'), document('db'))]);
    installation.sync([file('a.yaml', document('web'))]);
    expect(installation.leaving).to.deep.equal(['db']);
  });

  it('leaves a protected app', () => {
    installation.sync([
      ...apps(1),
      file('z.yaml', document('web', 'image: web:1', '{autoserve.io/prune: "false"}')),
    ]);
    installation.sync(apps(1));
    expect(installation.leaving).to.deep.equal([]);
  });

  const guard: { of: number; left: number; held: boolean }[] = [
    { of: 1, left: 0, held: true },
    { of: 2, left: 0, held: true },
    { of: 2, left: 1, held: false },
    { of: 4, left: 1, held: false },
    { of: 5, left: 3, held: false },
    { of: 5, left: 2, held: true },
    { of: 6, left: 3, held: false },
    { of: 6, left: 2, held: true },
  ];
  for (const { of, left, held } of guard) {
    it(`${held ? 'holds' : 'allows'} the removal of ${of - left} of ${of}`, () => {
      installation.sync(apps(of));
      const plan = installation.sync(apps(left));
      expect(installation.leaving).to.have.length(held ? 0 : of - left);
      expect(plan.held).to.have.length(held ? of - left : 0);
      expect(reasons(plan).includes('PruneHeld')).to.equal(held);
    });
  }

  it('holds when all apps would be replaced by others', () => {
    installation.sync(apps(5));
    installation.sync(apps(5, 5));
    installation.sync(apps(5, 5));
    expect(installation.leaving).to.deep.equal([]);
  });

  it('says once that it holds, and changes the rest meanwhile', () => {
    installation.sync(apps(3));
    installation.sync([]);
    const plan = installation.sync([]);
    expect(plan.changes).to.deep.equal(NOTHING);
    expect(plan.held).to.deep.equal(['app-0', 'app-1', 'app-2']);
    expect(declared(installation.sync([file('new.yaml', document('new'))]))).to.deep.equal(['new']);
  });

  it('is released by a confirmation', () => {
    installation.sync(apps(3));
    installation.sync([]);
    const plan = installation.sync([], { confirmPrune: true });
    expect(installation.leaving).to.have.length(3);
    expect(plan.held).to.deep.equal([]);
  });

  it('goes on holding the others while files are put back one by one', () => {
    installation.sync(apps(5));
    installation.sync([]);
    expect(installation.sync(apps(4)).held).to.deep.equal(['app-4']);
    expect(installation.leaving).to.deep.equal([]);
  });

  it('is released by the files being put back', () => {
    installation.sync(apps(3));
    installation.sync([]);
    expect(installation.sync(apps(3)).held).to.deep.equal([]);
    expect(installation.plan(apps(3)).changes).to.deep.equal(NOTHING);
  });
});
