import fc from 'fast-check';
import type { ParsedFile } from '../../src/source/declarations.ts';
import { hasErrors } from '../../src/manifest/diagnostic.ts';
import { expect } from 'chai';
import { document, file, Installation } from './installation.ts';

const name = fc.constantFrom('web', 'db', 'mail', 'shop');
const spec = fc
  .record({
    image: fc.constantFrom('web:1', 'web:2'),
    dependsOn: fc.uniqueArray(name, { maxLength: 2 }),
  })
  .map(({ image, dependsOn }) => `image: ${image}\n  dependsOn: [${dependsOn.join(', ')}]`);
const content = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.tuple(name, spec), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('a: [\n') },
);
const snapshot = fc
  .dictionary(fc.constantFrom('a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'), content, { noNullPrototype: true })
  .map((files) =>
    Object.entries(files).map(([path, written]) =>
      typeof written === 'string'
        ? file(path, written)
        : file(path, ...written.map(([app, its]) => document(app, its))),
    ),
  );
const history = fc.array(snapshot, { minLength: 1, maxLength: 6 });

const namesIn = (files: readonly ParsedFile[]): string[] =>
  files.flatMap(({ apps }) => apps.map(({ app }) => app.metadata.name));

describe('planSync, whatever the files were before', () => {
  it('has nothing left to do the second time', () => {
    fc.assert(
      fc.property(history, (snapshots) => {
        const installation = new Installation();
        for (const files of snapshots) {
          installation.sync(files);
          expect(Object.values(installation.plan(files).changes).flat()).to.deep.equal([]);
        }
      }),
    );
  });

  it('does not depend on the order in which the files are listed', () => {
    fc.assert(
      fc.property(history, (snapshots) => {
        const installation = new Installation();
        for (const files of snapshots) {
          expect(installation.plan(files.toReversed())).to.deep.equal(installation.plan(files));
          installation.sync(files);
        }
      }),
    );
  });

  it('never asks for the removal of an app that a file declares', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (snapshots, confirmPrune) => {
        const installation = new Installation();
        for (const files of snapshots) {
          const { deletions } = installation.sync(files, { confirmPrune }).changes;
          const removed = deletions.flatMap((deletion) => (deletion.requestedAt ? [deletion.name] : []));
          expect(removed).to.not.include.any.members(['-', ...namesIn(files)]);
        }
      }),
    );
  });

  it('never removes or changes an app whose file has errors', () => {
    fc.assert(
      fc.property(history, (snapshots) => {
        const installation = new Installation();
        for (const files of snapshots) {
          const broken = files.filter(({ diagnostics }) => hasErrors(diagnostics)).map(({ path }) => path);
          const before = installation.applications.filter(
            ({ sourcePath }) => sourcePath !== null && broken.includes(sourcePath),
          );
          installation.sync(files);
          for (const application of before) {
            expect(installation.application(application.name)).to.deep.equal(application);
          }
        }
      }),
    );
  });

  it('keeps at least one app that is neither leaving nor protected, unless it is confirmed', () => {
    fc.assert(
      fc.property(history, (snapshots) => {
        const installation = new Installation();
        for (const files of snapshots) {
          installation.sync(files);
          const staying = installation.applications.length - installation.leaving.length;
          expect(staying > 0 || installation.applications.length === 0).to.equal(true);
        }
      }),
    );
  });
});
