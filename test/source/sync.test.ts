import { expect } from 'chai';
import { declared, document, file, fileOf, Installation, NOTHING, NOW, reasons } from './installation.ts';

const BROKEN = 'apiVersion: v1\nkind: App\nmetadata: {name: web}\nspec: {image: web:1, imge: x}\n';
const GARBAGE = 'a: [\n';

describe('planSync', () => {
  let installation: Installation;

  beforeEach(() => {
    installation = new Installation();
  });

  describe('declarations', () => {
    it('registers every app of every file', () => {
      const plan = installation.sync([
        file('a.yaml', document('web'), document('db')),
        file('b.yaml', document('mail')),
      ]);
      expect(declared(plan)).to.deep.equal(['web', 'db', 'mail']);
      expect(reasons(plan)).to.deep.equal(Array(3).fill('ApplicationRegistered'));
      expect(plan.apps).to.equal(3);
      expect(installation.application('db')).to.include({ sourcePath: 'a.yaml', sourceRevision: null });
      expect(installation.manifest('a.yaml')).to.deep.include({
        status: 'accepted',
        apps: ['db', 'web'],
        errors: [],
      });
    });

    it('has nothing to do when nothing changed', () => {
      const files = [
        file('a.yaml', document('web')),
        file('b.yaml', GARBAGE),
        file('c.yaml', document('web')),
      ];
      installation.sync(files);
      expect(installation.plan(files).changes).to.deep.equal(NOTHING);
    });

    it('declares an app whose manifest changed, and says which fields', () => {
      installation.sync([file('a.yaml', document('web'), document('db'))]);
      const plan = installation.sync([file('a.yaml', document('web', 'image: web:2'), document('db'))]);
      expect(declared(plan)).to.deep.equal(['web']);
      expect(plan.changes.events).to.have.length(1);
      expect(plan.changes.events[0]).to.deep.include({
        reason: 'ApplicationChanged',
        appName: 'web',
        appUid: 'uid-of-web',
        details: { path: 'a.yaml', fields: ['spec.image'] },
      });
    });

    it('declares no app when only the layout of its file changed', () => {
      installation.sync([file('a.yaml', document('web'))]);
      const plan = installation.sync([file('a.yaml', `# a note\n${document('web')}`)]);
      expect({ declared: declared(plan), reasons: reasons(plan) }).to.deep.equal({
        declared: [],
        reasons: [],
      });
      expect(plan.changes.manifests).to.have.length(1);
    });

    it('declares an app one of whose secrets has a new value', () => {
      const [before, after] = ['1', '2'].map((specHash) => {
        const parsed = file('a.yaml', document('web'));
        return { ...parsed, apps: parsed.apps.map((app) => ({ ...app, specHash })) };
      });
      installation.sync([before!]);
      const plan = installation.sync([after!]);
      expect(declared(plan)).to.deep.equal(['web']);
      expect(plan.changes.events[0]?.message).to.include('secret');
    });

    it('keeps the spec hash of an app whose secrets cannot be read just now', () => {
      const parsed = file('a.yaml', document('web'));
      const missing = parsed.apps.map((app) => ({ ...app, specHash: 'without', secretsMissing: true }));
      installation.sync([parsed]);
      expect(installation.plan([{ ...parsed, apps: missing }]).changes.applications).to.deep.equal([]);
    });

    it('records the revision it comes from', () => {
      const files = [file('a.yaml', document('web'))];
      installation.sync(files, { revision: '4f2a91c' });
      expect(installation.application('web')).to.include({ sourceRevision: '4f2a91c' });
      expect(installation.plan(files, { revision: '4f2a91c' }).changes).to.deep.equal(NOTHING);
      const plan = installation.sync(files, { revision: 'e5d77b0' });
      expect({ declared: declared(plan), reasons: reasons(plan) }).to.deep.equal({
        declared: ['web'],
        reasons: [],
      });
    });

    it('moves an app between files without recreating it', () => {
      installation.sync([file('a.yaml', document('web'), document('db'))]);
      const plan = installation.sync([file('a.yaml', document('db')), file('b.yaml', document('web'))]);
      expect(declared(plan)).to.deep.equal(['web']);
      expect(reasons(plan)).to.deep.equal([]);
      expect(plan.changes.deletions).to.deep.equal([]);
      expect(installation.application('web')).to.include({ sourcePath: 'b.yaml', uid: 'uid-of-web' });
    });

    it('takes an app back that is declared again while it is being deleted', () => {
      const both = [file('a.yaml', document('web')), file('b.yaml', document('db'))];
      installation.sync(both);
      installation.sync([both[1]!]);
      expect(installation.leaving).to.deep.equal(['web']);
      const plan = installation.sync(both);
      expect(plan.changes.deletions).to.deep.equal([{ name: 'web', requestedAt: null }]);
      expect(declared(plan)).to.deep.equal(['web']);
      expect(installation.leaving).to.deep.equal([]);
      expect(installation.plan(both).changes).to.deep.equal(NOTHING);
    });
  });

  describe('two files with one app', () => {
    it('leaves the app to its first owner, whatever the order of the paths', () => {
      installation.sync([file('z.yaml', document('web', 'image: web:1'))]);
      const plan = installation.sync([
        file('z.yaml', document('web', 'image: web:1')),
        file('a.yaml', document('web', 'image: web:2')),
      ]);
      expect(installation.application('web')?.manifest.spec.image).to.equal('web:1');
      expect(reasons(plan)).to.deep.equal(['DuplicateApplication']);
      const row = installation.manifest('a.yaml');
      expect(row).to.include({ status: 'error' });
      expect(row?.errors[0]).to.include({ line: 1 });
      expect(row?.errors[0]?.message).to.include('a.yaml:1').and.to.include('z.yaml:1');
    });

    it('leaves a new app to the first path', () => {
      installation.sync([file('b.yaml', document('web', 'image: web:2')), file('a.yaml', document('web'))]);
      expect(installation.application('web')).to.include({ sourcePath: 'a.yaml' });
      expect(installation.manifest('b.yaml')).to.include({ status: 'error' });
    });

    it('hands the app over when the first owner gives it up', () => {
      installation.sync([file('a.yaml', document('web')), file('b.yaml', document('web', 'image: web:2'))]);
      const plan = installation.sync([file('b.yaml', document('web', 'image: web:2'))]);
      expect(installation.application('web')).to.include({ sourcePath: 'b.yaml', deletionRequestedAt: null });
      expect(reasons(plan)).to.have.members(['ApplicationChanged', 'ManifestAccepted']);
    });

    it('does not hand the app over because the file of its owner is broken', () => {
      const second = file('b.yaml', document('web', 'image: web:2'));
      installation.sync([file('a.yaml', document('web')), second]);
      for (const broken of [BROKEN, GARBAGE]) {
        installation.sync([file('a.yaml', broken), second]);
        expect(installation.application('web')).to.include({ sourcePath: 'a.yaml' });
        expect(installation.application('web')?.manifest.spec.image).to.equal('web:1');
      }
    });
  });

  describe('a file with errors', () => {
    beforeEach(() => {
      installation.sync([file('a.yaml', document('web'), document('db')), file('b.yaml', document('mail'))]);
    });

    for (const [says, text] of [
      ['an unknown field', BROKEN],
      ['no sense at all', GARBAGE],
      ['invalid UTF-8', Buffer.from([0x61, 0xff, 0xfe])],
    ] as const) {
      it(`keeps the last good spec of all it declared: ${says}`, () => {
        const plan = installation.sync([fileOf('a.yaml', text, null), file('b.yaml', document('mail'))]);
        expect(declared(plan)).to.deep.equal([]);
        expect(installation.leaving).to.deep.equal([]);
        expect(reasons(plan)).to.deep.equal(['ManifestRejected']);
        expect(installation.manifest('a.yaml')).to.deep.include({ status: 'error', apps: ['db', 'web'] });
        expect(installation.manifest('a.yaml')?.errors[0]?.line).to.be.a('number');
        expect(plan.diagnostics[0]).to.include({ severity: 'error', file: 'a.yaml' });
      });

      it(`tells each app that is kept why, until it is taken again: ${says}`, () => {
        const mail = file('b.yaml', document('mail'));
        const { rejected, diagnostics } = installation.sync([fileOf('a.yaml', text, null), mail]);
        expect([...rejected.keys()]).to.have.members(['db', 'web']);
        expect(rejected.get('web')).to.include(`a.yaml:${diagnostics[0]?.line} ${diagnostics[0]?.message}`);
        const mended = installation.sync([file('a.yaml', document('web'), document('db')), mail]);
        expect([...mended.rejected]).to.deep.equal([]);
      });
    }

    it('has nothing told of an app that went to another file', () => {
      const thief = document('mail', 'image: web:2');
      const { rejected } = installation.sync([
        file('a.yaml', document('db'), thief),
        file('b.yaml', document('mail')),
        file('c.yaml', document('web')),
      ]);
      expect([...rejected.keys()]).to.deep.equal(['db']);
    });

    it('goes on telling so while it is being written again', () => {
      const mail = file('b.yaml', document('mail'));
      installation.sync([file('a.yaml', BROKEN), mail]);
      const { rejected } = installation.sync([fileOf('a.yaml', GARBAGE, NOW), mail]);
      expect([...rejected.keys()]).to.have.members(['db', 'web']);
    });

    it('that asks for an app of another one has its own apps told, not that one', () => {
      const a = file('a.yaml', document('web'), document('db'));
      const { rejected } = installation.sync([a, file('b.yaml', document('mail'), document('db'))]);
      expect([...rejected.keys()]).to.deep.equal(['mail']);
    });

    it('is one event for every content, not for every sync', () => {
      const mail = file('b.yaml', document('mail'));
      expect(reasons(installation.sync([file('a.yaml', GARBAGE), mail]))).to.deep.equal(['ManifestRejected']);
      expect(reasons(installation.sync([file('a.yaml', GARBAGE), mail]))).to.deep.equal([]);
      expect(reasons(installation.sync([file('a.yaml', BROKEN), mail]))).to.deep.equal(['ManifestRejected']);
      expect(
        reasons(installation.sync([file('a.yaml', document('web'), document('db')), mail])),
      ).to.deep.equal(['ManifestAccepted']);
    });

    it('leaves the other files to be acted on', () => {
      installation.sync([
        file('a.yaml', GARBAGE),
        file('b.yaml', document('mail', 'image: web:9')),
        file('c.yaml', document('new')),
      ]);
      expect(installation.application('mail')?.manifest.spec.image).to.equal('web:9');
      expect(installation.application('new')).to.not.equal(undefined);
    });

    it('registers none of its new apps, though others in it are right', () => {
      installation.sync([file('a.yaml', document('fine'), BROKEN), file('b.yaml', document('mail'))]);
      expect(installation.application('fine')).to.equal(undefined);
    });

    it('keeps an app that disappears from it at the same time', () => {
      installation.sync([file('a.yaml', BROKEN), file('b.yaml', document('mail'))]);
      expect(installation.leaving).to.deep.equal([]);
    });

    it('keeps the apps of a file that was renamed and broken at once', () => {
      const files = [file('moved.yaml', GARBAGE), file('b.yaml', document('mail'))];
      installation.sync(files, { confirmPrune: true });
      installation.sync(files, { confirmPrune: true });
      expect(installation.leaving).to.deep.equal([]);
      expect(installation.plan(files).changes).to.deep.equal(NOTHING);
      installation.sync([file('b.yaml', document('mail'))], { confirmPrune: true });
      expect(installation.leaving).to.have.members(['web', 'db']);
    });

    it('does not stop the removal of apps that others declared', () => {
      installation.sync([
        file('a.yaml', GARBAGE),
        file('b.yaml', document('mail')),
        file('c.yaml', document('new')),
      ]);
      installation.sync([file('a.yaml', GARBAGE), file('b.yaml', document('mail'))]);
      expect(installation.leaving).to.deep.equal(['new']);
    });

    it('that the policy refuses keeps its apps, and has the line of the document', () => {
      const plan = installation.sync([
        file('a.yaml', document('web'), document('db', 'image: evil:1')),
        file('b.yaml', document('mail')),
      ]);
      expect(declared(plan)).to.deep.equal([]);
      expect(installation.manifest('a.yaml')?.errors[0]).to.include({ line: 9 });
    });

    it('that was written this very moment is left alone, and removes nothing elsewhere', () => {
      const plan = installation.sync([fileOf('a.yaml', GARBAGE, NOW)]);
      expect(plan.changes).to.deep.equal({ ...NOTHING, removedManifests: ['b.yaml'] });
      expect(plan.diagnostics).to.deep.equal([]);
    });

    it('that was emptied this very moment is left alone', () => {
      const plan = installation.plan([fileOf('a.yaml', '', NOW), file('b.yaml', document('mail'))]);
      expect(plan.changes).to.deep.equal(NOTHING);
    });
  });

  describe('a folder that cannot be read', () => {
    it('keeps the apps of all files in it, and their rows', () => {
      const mail = file('b.yaml', document('mail'));
      installation.sync([file('team/a.yaml', document('web')), mail]);
      const error = { ...file('team', ''), contentHash: '', diagnostics: file('team', GARBAGE).diagnostics };
      const plan = installation.sync([error, mail]);
      expect(installation.leaving).to.deep.equal([]);
      expect(plan.changes.removedManifests).to.deep.equal([]);
      expect(installation.manifest('team')).to.include({ status: 'error' });
      expect(installation.manifest('team/a.yaml')).to.include({ status: 'accepted' });
    });
  });
});
