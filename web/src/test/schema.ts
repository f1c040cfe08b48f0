// Whether a value is what the API's document says of it: as much of JSON Schema as that document uses. What it does not
// name is a fault as well: it was renamed, or taken away.
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

/** What is wrong, each with where; nothing where nothing is. */
export function faults(schema: Schema, value: unknown, schemas: Record<string, Schema>, at = ''): string[] {
  const go = (other: Schema, part: unknown, where: string) => faults(other, part, schemas, where);
  if (schema.$ref) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    const known = schemas[name];
    return known ? go(known, value, at) : [`${at}: no schema ${name}`];
  }
  if (schema.oneOf) {
    const each = schema.oneOf.map((one) => go(one, value, at));
    // Of what may also be null, what else it may be says what is wrong.
    return each.some((found) => found.length === 0) ? [] : (each[schema.oneOf.findIndex((one) => one.type !== 'null')] ?? []);
  }
  if (schema.allOf) return schema.allOf.flatMap((each) => go(each, value, at));
  const type = typeOf(value);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.includes(type) && !(type === 'integer' && types.includes('number'))) return [`${at}: ${type}, not ${types.join(' or ')}`];
  if (schema.enum && value !== null && !schema.enum.includes(value)) return [`${at}: "${String(value)}" is none of ${schema.enum.join(', ')}`];
  if (type === 'array') return (value as unknown[]).flatMap((each, index) => (schema.items ? go(schema.items, each, `${at}/${index}`) : []));
  if (type !== 'object' || !schema.properties) return [];
  const fields = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((name) => !(name in fields)).map((name) => `${at}/${name}: is missing`);
  const parts = Object.entries(fields).flatMap(([name, part]) => {
    const known = schema.properties?.[name];
    if (part === undefined) return [];
    if (known) return go(known, part, `${at}/${name}`);
    return schema.additionalProperties ? [] : [`${at}/${name}: is not in the document`];
  });
  return [...missing, ...parts];
}
