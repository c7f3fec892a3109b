import { expect } from 'chai';
import { appSchema, propertiesOf, resolve, type Schema } from '../../src/manifest/schema.ts';

function fieldsOf(schema: Schema, path = 'app'): [path: string, schema: Schema][] {
  return propertiesOf(schema).flatMap(([name, property]) => {
    const at = `${path}.${name}`;
    const inner = property.items ? resolve(property.items) : property;
    return [[at, property] as [string, Schema], ...fieldsOf(inner, at)];
  });
}

describe('the schema', () => {
  it('has an identity and describes every field', () => {
    expect(appSchema.$id).to.match(/app\.schema\.json$/);
    const silent = fieldsOf(appSchema).filter(([, { description }]) => (description ?? '') === '');
    expect(silent.map(([path]) => path)).to.deep.equal([]);
  });

  it('says in words what every pattern expects', () => {
    const silent = fieldsOf(appSchema).filter(
      ([, schema]) => 'pattern' in schema && schema['x-expects'] === undefined,
    );
    expect(silent.map(([path]) => path)).to.deep.equal([]);
  });

  it('refuses unknown fields in every object', () => {
    const open = Object.entries(appSchema.$defs ?? {}).filter(
      ([, schema]) => schema.type === 'object' && schema.additionalProperties !== false,
    );
    expect(open.map(([name]) => name)).to.deep.equal([]);
  });

  it('leads every alias to a field that exists', () => {
    const fields = new Map(fieldsOf(appSchema));
    for (const [path, schema] of fields) {
      const alias = schema['x-alias-of'];
      if (alias === undefined) continue;
      const parent = path.slice(0, path.lastIndexOf('.'));
      const target = alias.startsWith('/') ? `app${alias.replaceAll('/', '.')}` : `${parent}.${alias}`;
      expect(fields.has(target), `${path} is an alias of ${target}`).to.equal(true);
    }
  });
});
